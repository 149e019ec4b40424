package dev.hone.operator.observe;

import dev.hone.operator.integration.Kueue;
import dev.hone.operator.integration.QueueEntry;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Asks the API server; only a pod that does not start makes it ask at all. */
public final class LiveClusterFacts implements ClusterFacts {

  /** Where nothing is wrong, a Job has its pod and a pod its volumes before. */
  private static final Duration STARTING = Duration.ofSeconds(3);

  private final KubernetesClient client;
  private final String namespace;
  private final RecentAnswers recent;
  private final Clock clock;
  private final Map<String, QueueEntry> queueEntries = new HashMap<>();

  /**
   * Creates them for one pass.
   *
   * @param recent what is asked for by others too
   */
  public LiveClusterFacts(
      KubernetesClient client, String namespace, RecentAnswers recent, Clock clock) {
    this.client = client;
    this.namespace = namespace;
    this.recent = recent;
    this.clock = clock;
  }

  @Override
  public List<Node> nodes() {
    return recent.nodes(client);
  }

  @Override
  public List<Pod> podsWithDevices() {
    return recent.podsWithDevices(client);
  }

  @Override
  public List<Warning> warnings(HasMetadata object) {
    Instant created = Instant.parse(object.getMetadata().getCreationTimestamp());
    return clock.instant().isBefore(created.plus(STARTING))
        ? List.of()
        : recent.warnings(client, namespace).getOrDefault(object.getMetadata().getUid(), List.of());
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
}
