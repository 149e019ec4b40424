package dev.hone.operator.observe;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.hone.operator.observe.ClusterFacts.Warning;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the API server answered in the last seconds, for all that ask then: thousands of pods may
 * wait at once, and each would ask for every node, every pod and, for events have no index, for a
 * search through all events of its namespace.
 */
public final class RecentAnswers {

  private static final Duration FRESH = Duration.ofSeconds(5);
  private static final int FORBIDDEN = 403;

  private final Cache<KubernetesClient, List<Node>> nodes;
  private final Cache<KubernetesClient, List<Pod>> pods;
  private final Cache<String, Map<String, List<Warning>>> warnings;

  /** Knows no answer yet. */
  public RecentAnswers() {
    this(Ticker.systemTicker());
  }

  /**
   * Knows no answer yet.
   *
   * @param ticker tells how old an answer is
   */
  RecentAnswers(Ticker ticker) {
    nodes = cache(ticker);
    pods = cache(ticker);
    warnings = cache(ticker);
  }

  private static <K, V> Cache<K, V> cache(Ticker ticker) {
    return Caffeine.newBuilder().expireAfterWrite(FRESH).ticker(ticker).build();
  }

  /** Every node. */
  List<Node> nodes(KubernetesClient client) {
    return nodes.get(client, api -> ifAllowed(() -> api.nodes().list().getItems()));
  }

  /** Every pod that holds devices of a node. */
  List<Pod> podsWithDevices(KubernetesClient client) {
    return pods.get(
        client,
        api ->
            ifAllowed(
                () ->
                    api
                        .pods()
                        .inAnyNamespace()
                        .withoutField("spec.nodeName", "")
                        .withoutField("status.phase", "Succeeded")
                        .withoutField("status.phase", "Failed")
                        .list()
                        .getItems()
                        .stream()
                        .filter(pod -> !Devices.needs(pod).isEmpty())
                        .toList()));
  }

  /** The warnings of a namespace by the UID of the object that they are about, newest first. */
  Map<String, List<Warning>> warnings(KubernetesClient client, String namespace) {
    return warnings.get(
        namespace,
        asked ->
            ifAllowed(
                    () ->
                        client
                            .v1()
                            .events()
                            .inNamespace(asked)
                            .withField("type", "Warning")
                            .list()
                            .getItems())
                .stream()
                .sorted(Comparator.comparing(RecentAnswers::lastSeen).reversed())
                .collect(
                    Collectors.groupingBy(
                        event -> Objects.requireNonNullElse(event.getInvolvedObject().getUid(), ""),
                        Collectors.mapping(
                            event ->
                                new Warning(event.getReason(), event.getMessage(), lastSeen(event)),
                            Collectors.toList()))));
  }

  private static Instant lastSeen(Event event) {
    return Stream.of(
            event.getLastTimestamp(),
            event.getEventTime() == null ? null : event.getEventTime().getTime(),
            event.getMetadata().getCreationTimestamp())
        .filter(Objects::nonNull)
        .findFirst()
        .map(Instant::parse)
        .orElse(Instant.EPOCH);
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
