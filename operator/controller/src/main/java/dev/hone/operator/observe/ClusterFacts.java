package dev.hone.operator.observe;

import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What is only looked up when a pod does not start: nodes, everybody's pods, claims, events. */
public interface ClusterFacts {

  /**
   * An event of the type Warning.
   *
   * @param reason its reason, for example "FailedMount"
   * @param message its message
   * @param lastSeen when it happened last
   */
  record Warning(String reason, String message, Instant lastSeen) {}

  /** Every node. */
  List<Node> nodes();

  /** Every pod, of whatever namespace, that holds devices of a node. */
  List<Pod> podsWithDevices();

  /**
   * Warnings of the cluster's own components about an object, the newest first; none in its first
   * seconds.
   */
  List<Warning> warnings(HasMetadata object);

  /** What Kueue holds about a Job with a queue. */
  QueueEntry queueEntry(Job job);

  /** A claim of the resource's namespace. */
  Optional<PersistentVolumeClaim> claim(String name);
}
