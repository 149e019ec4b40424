package dev.hone.operator.desired;

import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;

/** What whoever sends requests to a pod needs, as its container is told. */
public sealed interface PodAccess permits ServingAccess, RouterLink {

  /** Variables of the container. */
  Map<String, String> env();

  /** Volumes of the pod. */
  List<Volume> volumes();

  /** Where the container has them. */
  List<VolumeMount> mounts();

  /** Name of the port that the kubelet asks at. */
  String probedPort();
}
