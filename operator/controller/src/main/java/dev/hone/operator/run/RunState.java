package dev.hone.operator.run;

import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.contract.RunResult;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import org.jspecify.annotations.Nullable;

/**
 * Where a run is.
 *
 * @param reason the state
 * @param message a sentence about it
 * @param hash hash of the run that the state is about; null before there is one
 * @param job its Job, if that is there
 * @param failure why it failed, or why its last pod did
 * @param result what it made
 */
public record RunState(
    Reason reason,
    String message,
    @Nullable String hash,
    @Nullable Job job,
    @Nullable RunFailure failure,
    @Nullable RunResult result) {

  static RunState of(Reason reason, String message) {
    return new RunState(reason, message, null, null, null, null);
  }

  static RunState of(Reason reason, String message, String hash, @Nullable Job job) {
    return new RunState(reason, message, hash, job, null, null);
  }

  RunState withFailure(@Nullable RunFailure cause) {
    return new RunState(reason, message, hash, job, cause, result);
  }

  RunState withResult(RunResult made) {
    return new RunState(reason, message, hash, job, failure, made);
  }

  /** The same state with the Job as it was just made or changed. */
  public RunState withJob(Job made) {
    return new RunState(reason, message, hash, made, failure, result);
  }

  /** The same state with more to say about it. */
  RunState also(String sentence) {
    return as(reason, message + "; " + sentence);
  }

  /** The same run in another state. */
  public RunState as(Reason other, String sentence) {
    return new RunState(other, sentence, hash, job, failure, result);
  }
}
