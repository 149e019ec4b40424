package dev.hone.operator.engine;

import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;

/**
 * Everything of an EngineBuild that is there now.
 *
 * @param job its Job
 * @param pods the Job's pods, the newest first
 * @param deletion the Job that deletes its files, and its pods
 * @param facts what is looked up only when a pod does not start
 */
public record EngineObservation(
    Optional<Job> job, List<Pod> pods, Deletion deletion, ClusterFacts facts) {

  /** The Job that deletes, and its pods. */
  public record Deletion(Optional<Job> job, List<Pod> pods) {

    public Deletion {
      pods = List.copyOf(pods);
    }
  }

  public EngineObservation {
    pods = List.copyOf(pods);
  }
}
