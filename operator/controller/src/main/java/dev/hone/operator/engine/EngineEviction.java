package dev.hone.operator.engine;

import dev.hone.api.engine.EngineArtifact;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineBuildStatus;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PvcUri;
import dev.hone.operator.run.LiveDeletionFacts;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Deletes engines that nobody needs any more, volume by volume. */
final class EngineEviction {

  private static final Logger LOG = Logger.getLogger(EngineEviction.class);

  /** When to look again whether the last pods that may load an engine are gone. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(15);

  private final UnusedPolicy policy;
  private final EngineListener listener;
  private final Clock clock;

  EngineEviction(UnusedPolicy policy, EngineListener listener, Clock clock) {
    this.policy = policy;
    this.listener = listener;
    this.clock = clock;
  }

  /** Whether no deployment needs an engine. */
  static boolean isUnused(EngineBuild build) {
    return build.getMetadata().getOwnerReferences().isEmpty();
  }

  /**
   * One pass over the unused engines of a claim; gives when another one is due.
   *
   * @param build one of them
   * @param now its status, which the cache may not have yet
   */
  Optional<Duration> evict(EngineBuild build, EngineBuildStatus now, Context<EngineBuild> context) {
    Map<String, EngineBuild> builds = new HashMap<>();
    Map<String, UnusedEngine> unused = new HashMap<>();
    Instant at = clock.instant();
    String namespace = build.getMetadata().getNamespace();
    context
        .getPrimaryCache()
        .list(namespace, found -> !found.isMarkedForDeletion() && isUnused(found))
        .filter(found -> claim(found).equals(claim(build)))
        .forEach(found -> add(found, found.getStatus(), at, builds, unused));
    add(build, now, at, builds, unused);
    EngineEvictionPlan plan = EngineEvictionPlanner.plan(unused.values(), policy);
    boolean all = true;
    for (EngineEvictionPlan.Evicted evicted : plan.evicted()) {
      all &=
          delete(
              Objects.requireNonNull(builds.get(evicted.key())),
              evicted.cause(),
              context.getClient());
    }
    return all
        ? plan.nextMillis().stream().mapToObj(Duration::ofMillis).findFirst()
        : Optional.of(LOOK_AGAIN);
  }

  private static void add(
      EngineBuild build,
      @Nullable EngineBuildStatus status,
      Instant at,
      Map<String, EngineBuild> builds,
      Map<String, UnusedEngine> unused) {
    if (status == null || status.unusedSince() == null) {
      return;
    }
    String key = build.getMetadata().getName();
    EngineArtifact engine = status.engine();
    long bytes = engine == null ? 0 : Objects.requireNonNullElse(engine.sizeBytes(), 0L);
    Duration idle = Duration.between(Instant.parse(status.unusedSince()), at);
    builds.put(key, build);
    unused.put(key, new UnusedEngine(key, idle.toMillis(), bytes, engine != null));
  }

  private static Optional<String> claim(EngineBuild build) {
    return PvcUri.parse(build.getSpec().model().uri()).map(PvcUri::claim);
  }

  /** Deletes one, unless a pod may load it; whether it is dealt with. */
  private boolean delete(EngineBuild build, EvictionCause cause, KubernetesClient client) {
    String key = build.getMetadata().getName();
    List<String> users = new LiveDeletionFacts(client, Owner.of(build)).engineUsers(key);
    if (!users.isEmpty()) {
      LOG.debugf("EngineBuild %s stays: pods of %s may load it", key, users);
      return false;
    }
    try {
      // Of the version that nobody used: whoever has taken it up since then keeps it.
      client.resource(build).lockResourceVersion().delete();
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
    LOG.infof("deleting EngineBuild %s: %s", key, cause.sentence());
    listener.evicted(cause);
    return true;
  }
}
