package dev.hone.operator.it;

import dev.hone.api.FieldManagers;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v1.Scale;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

/** Scales as the controller of a HorizontalPodAutoscaler does; this API server has none. */
record Autoscaler(Workbench bench) {

  /** By the subresource scale, under a field manager's name of its own. */
  void scale(Class<? extends HasMetadata> type, String name, int pods) {
    var resource = bench.client().resources(type).inNamespace(bench.namespace()).withName(name);
    Scale scale = resource.scale();
    scale.getSpec().setReplicas(pods);
    resource.scale(scale);
  }

  /** Waits until the operator applies a Deployment without its number of pods. */
  Deployment awaitHandedOver(String name) {
    return bench.await(
        Deployment.class, name, found -> !owners(found).contains(FieldManagers.OPERATOR));
  }

  /** Who owns the number of pods. */
  static Set<String> owners(Deployment deployment) {
    return deployment.getMetadata().getManagedFields().stream()
        .filter(entry -> String.valueOf(entry.getFieldsV1()).contains("f:replicas="))
        .filter(entry -> !"status".equals(entry.getSubresource()))
        .map(ManagedFieldsEntry::getManager)
        .collect(Collectors.toSet());
  }

  /** Every number of pods that each Deployment asks for from now on, in this order. */
  Map<String, List<Integer>> watchReplicas() {
    Map<String, List<Integer>> seen = new ConcurrentHashMap<>();
    // Ends with the test's client.
    bench
        .client()
        .apps()
        .deployments()
        .inNamespace(bench.namespace())
        .watch(
            new Watcher<Deployment>() {
              @Override
              public void eventReceived(Action action, Deployment deployment) {
                seen.computeIfAbsent(
                        deployment.getMetadata().getName(), name -> new CopyOnWriteArrayList<>())
                    .add(deployment.getSpec().getReplicas());
              }

              @Override
              public void onClose(WatcherException cause) {
                throw new IllegalStateException("the watch is lost", cause);
              }
            });
    return seen;
  }
}
