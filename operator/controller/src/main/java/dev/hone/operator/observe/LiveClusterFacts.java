package dev.hone.operator.observe;

import dev.hone.operator.integration.Kueue;
import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Asks the API server, once per question; only a pod that does not start makes it ask at all. */
public final class LiveClusterFacts implements ClusterFacts {

  private static final int FORBIDDEN = 403;

  private final KubernetesClient client;
  private final String namespace;
  private final Map<String, QueueEntry> queueEntries = new HashMap<>();

  public LiveClusterFacts(KubernetesClient client, String namespace) {
    this.client = client;
    this.namespace = namespace;
  }

  @Override
  public List<Node> nodes() {
    return ifAllowed(() -> client.nodes().list().getItems());
  }

  @Override
  public List<Pod> pods() {
    return ifAllowed(
        () ->
            client
                .pods()
                .inAnyNamespace()
                .withoutField("status.phase", "Succeeded")
                .withoutField("status.phase", "Failed")
                .list()
                .getItems());
  }

  /** Events are many, and watched by nobody here: these are asked for by their object alone. */
  @Override
  public List<Warning> warnings(HasMetadata object) {
    return ifAllowed(
        () ->
            client
                .v1()
                .events()
                .inNamespace(namespace)
                .withField("involvedObject.uid", object.getMetadata().getUid())
                .withField("type", "Warning")
                .list()
                .getItems()
                .stream()
                .sorted(Comparator.comparing(LiveClusterFacts::lastSeen).reversed())
                .map(event -> new Warning(event.getReason(), event.getMessage()))
                .toList());
  }

  private static String lastSeen(Event event) {
    return Stream.of(
            event.getLastTimestamp(),
            event.getEventTime() == null ? null : event.getEventTime().getTime(),
            event.getMetadata().getCreationTimestamp())
        .filter(Objects::nonNull)
        .findFirst()
        .orElse("");
  }

  @Override
  public Optional<PersistentVolumeClaim> claim(String name) {
    return Optional.ofNullable(
        client.persistentVolumeClaims().inNamespace(namespace).withName(name).get());
  }

  @Override
  public QueueEntry queueEntry(Job job) {
    return queueEntries.computeIfAbsent(
        job.getMetadata().getUid(), uid -> new Kueue(client).find(job));
  }

  /** An operator that may see some namespaces only says less, but works. */
  private static <T> List<T> ifAllowed(Supplier<List<T>> question) {
    try {
      return question.get();
    } catch (KubernetesClientException e) {
      if (e.getCode() == FORBIDDEN) {
        return List.of();
      }
      throw e;
    }
  }
}
