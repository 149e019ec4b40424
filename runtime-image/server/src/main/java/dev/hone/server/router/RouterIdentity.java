package dev.hone.server.router;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * Whose router this is, as its metrics tell it. A restarted container has the labels of the one
 * before it and counts from 0, so each process has a name of its own.
 *
 * @param namespace namespace of the InferenceDeployment; empty if nobody told
 * @param deployment its name; empty if nobody told
 * @param process a name that no other process has
 */
record RouterIdentity(String namespace, String deployment, String process) {

  /** The names of {@link #labels}; other than those that Prometheus gives its targets. */
  static final List<String> LABELS =
      List.of("inference_namespace", "inference_deployment", "process");

  static RouterIdentity of(Map<String, String> environment) {
    return new RouterIdentity(
        environment.getOrDefault("HONE_ROUTER_NAMESPACE", ""),
        environment.getOrDefault("HONE_ROUTER_DEPLOYMENT", ""),
        UUID.randomUUID().toString());
  }

  List<String> labels() {
    return List.of(namespace, deployment, process);
  }
}
