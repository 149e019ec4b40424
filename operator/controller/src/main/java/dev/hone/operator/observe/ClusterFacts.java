package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Optional;

/** What is only looked up when a pod cannot be scheduled: nodes, everybody's pods, claims. */
public interface ClusterFacts {

  /** Every node. */
  List<Node> nodes();

  /** Every pod that is not over. */
  List<Pod> pods();

  /** A claim of the resource's namespace. */
  Optional<PersistentVolumeClaim> claim(String name);
}
