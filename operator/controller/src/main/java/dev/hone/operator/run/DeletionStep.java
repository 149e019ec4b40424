package dev.hone.operator.run;

import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is done next about a resource that is being deleted. */
public sealed interface DeletionStep {

  /**
   * The resource may go.
   *
   * @param kept what stays behind and why, as a sentence; null if nothing does
   */
  record LetGo(@Nullable String kept) implements DeletionStep {}

  /** Its Jobs end first: nobody may write while its files are deleted. */
  record EndRuns(List<Job> jobs, String message) implements DeletionStep {}

  /** Somebody else has to do something; an event tells of it. */
  record Await(String message) implements DeletionStep {}

  /** Somebody else has to do something that no event tells of. */
  record LookAgain(String message) implements DeletionStep {}

  /** The resource itself has gone meanwhile: there is nothing left to do or say. */
  record Gone() implements DeletionStep {}

  /** The files are deleted now: of runs by their hashes, of an engine by its key. */
  record Start(List<String> ids, String message) implements DeletionStep {}
}
