package dev.hone.operator.progress.write;

import dev.hone.api.FieldManagers;
import dev.hone.api.HoneApi;
import dev.hone.operator.progress.ObservedRun;
import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * Writes {@code status.progress} and nothing else, by server-side apply with a field manager of its
 * own, so that any replica may do it while the leader owns the rest of the status. The resource was
 * read when the report came; it is read again only if it has changed since.
 */
public final class StatusProgressPatch implements ProgressSink {
  /** Reports of two pods whose clocks differ by more than this are not compared. */
  private static final Duration COMPARABLE = Duration.ofMinutes(2);

  private static final int MAX_ATTEMPTS = 5;

  private static final PatchContext APPLY = Patches.applyAs(FieldManagers.PROGRESS);

  private final KubernetesClient client;

  /** Writes through the given client. */
  public StatusProgressPatch(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Outcome write(ProgressUpdate update) {
    ResourceKey key = update.run().resource();
    Optional<ObservedRun> seen = Optional.of(update.run().seen());
    for (int attempt = 1; seen.isPresent() && isWanted(update, seen.get()); attempt++) {
      try {
        patch(update, seen.get());
        return Outcome.WRITTEN;
      } catch (KubernetesClientException e) {
        if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
          return Outcome.OBSOLETE;
        }
        if (e.getCode() != HttpURLConnection.HTTP_CONFLICT || attempt == MAX_ATTEMPTS) {
          throw e;
        }
      }
      // Somebody has written since the report came, so that it has to be judged again.
      seen = ObservedRun.read(client, key);
    }
    return Outcome.OBSOLETE;
  }

  private void patch(ProgressUpdate update, ObservedRun seen) {
    ResourceKey key = update.run().resource();
    var patch = new GenericKubernetesResource();
    patch.setApiVersion(HoneApi.API_VERSION);
    patch.setKind(key.kind().kind());
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(key.namespace())
            .withName(key.name())
            // Preconditions: the resource is the same, and as it was when this was decided.
            .withUid(seen.resourceUid())
            .withResourceVersion(seen.resourceVersion())
            .build());
    patch.setAdditionalProperty("status", Map.of("progress", update.progress()));
    client
        .genericKubernetesResources(key.kind().context())
        .inNamespace(key.namespace())
        .resource(patch)
        .subresource("status")
        .patch(APPLY);
  }

  /** Another run may have begun, and another replica may have written something newer. */
  private static boolean isWanted(ProgressUpdate update, ObservedRun now) {
    if (!now.resourceUid().equals(update.run().resourceUid())
        || !now.isCurrent(update.run().jobUid())) {
      return false;
    }
    Instant written = now.progressTime();
    if (written == null) {
      return true;
    }
    Duration newer = Duration.between(update.time(), written);
    return !newer.isPositive() || newer.compareTo(COMPARABLE) >= 0;
  }
}
