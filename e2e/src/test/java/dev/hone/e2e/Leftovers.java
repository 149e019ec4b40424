package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Objects that the operator made and that should be gone. */
final class Leftovers {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private Leftovers() {}

  /** Waits until the namespace holds no object that carries our managed-by label. */
  static void awaitNone(Lab lab) {
    Instant deadline = Instant.now().plus(PATIENCE);
    List<String> found = find(lab);
    while (!found.isEmpty() && Instant.now().isBefore(deadline)) {
      LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
      found = find(lab);
    }
    assertThat(found).as("objects that Hone left behind").isEmpty();
  }

  private static List<String> find(Lab lab) {
    KubernetesClient client = lab.client();
    String namespace = lab.namespace();
    List<HasMetadata> all = new ArrayList<>();
    String label = "app.kubernetes.io/managed-by";
    all.addAll(
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(namespace)
            .withLabel(label, "hone")
            .list()
            .getItems());
    all.addAll(client.pods().inNamespace(namespace).withLabel(label, "hone").list().getItems());
    all.addAll(
        client.configMaps().inNamespace(namespace).withLabel(label, "hone").list().getItems());
    all.addAll(client.services().inNamespace(namespace).withLabel(label, "hone").list().getItems());
    all.addAll(
        client
            .apps()
            .deployments()
            .inNamespace(namespace)
            .withLabel(label, "hone")
            .list()
            .getItems());
    all.addAll(
        client
            .policy()
            .v1()
            .podDisruptionBudget()
            .inNamespace(namespace)
            .withLabel(label, "hone")
            .list()
            .getItems());
    return all.stream()
        .map(object -> object.getKind() + " " + object.getMetadata().getName())
        .toList();
  }
}
