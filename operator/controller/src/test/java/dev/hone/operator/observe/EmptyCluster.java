package dev.hone.operator.observe;

import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;

/** A cluster in which nothing is; tests override what they need to be there. */
public interface EmptyCluster extends ClusterFacts {

  @Override
  default List<Node> nodes() {
    return List.of();
  }

  @Override
  default List<Pod> podsWithDevices() {
    return List.of();
  }

  @Override
  default List<Warning> warnings(HasMetadata object) {
    return List.of();
  }

  @Override
  default QueueEntry queueEntry(Job job) {
    return new QueueEntry.NotInstalled();
  }

  @Override
  default Optional<PersistentVolumeClaim> claim(String name) {
    return Optional.empty();
  }
}
