package dev.hone.operator.progress.write;

import dev.hone.api.FieldManagers;
import dev.hone.api.HoneApi;
import dev.hone.operator.progress.ObservedRun;
import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.progress.Run;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;

/**
 * Writes {@code status.progress} and nothing else, by server-side apply with a field manager of its
 * own, so that any replica may do it while the leader owns the rest of the status.
 */
public final class StatusProgressPatch implements ProgressSink {
  /** Reports of two pods whose clocks differ by more than this are not compared. */
  private static final Duration COMPARABLE = Duration.ofMinutes(2);

  private static final PatchContext APPLY =
      new PatchContext.Builder()
          .withPatchType(PatchType.SERVER_SIDE_APPLY)
          .withFieldManager(FieldManagers.PROGRESS)
          .withForce(true)
          .build();

  private final KubernetesClient client;

  /** Writes through the given client. */
  public StatusProgressPatch(KubernetesClient client) {
    this.client = client;
  }

  @Override
  public Outcome write(ProgressUpdate update) {
    if (isObsolete(update)) {
      return Outcome.OBSOLETE;
    }
    Run run = update.run();
    ResourceKey key = run.resource();
    var patch = new GenericKubernetesResource();
    patch.setApiVersion(HoneApi.API_VERSION);
    patch.setKind(key.kind().kind());
    patch.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(key.namespace())
            .withName(key.name())
            // A precondition: a resource that was made again under this name is another one.
            .withUid(run.resourceUid())
            .build());
    patch.setAdditionalProperty("status", Map.of("progress", update.progress()));
    try {
      client
          .genericKubernetesResources(key.kind().context())
          .inNamespace(key.namespace())
          .resource(patch)
          .subresource("status")
          .patch(APPLY);
      return Outcome.WRITTEN;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND
          || e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return Outcome.OBSOLETE;
      }
      throw e;
    }
  }

  /** Another replica may have written something newer while this update waited. */
  private boolean isObsolete(ProgressUpdate update) {
    ObservedRun now = ObservedRun.read(client, update.run().resource()).orElse(null);
    if (now == null
        || !now.resourceUid().equals(update.run().resourceUid())
        || !now.isCurrent(update.run().jobUid())) {
      return true;
    }
    Instant written = now.progressTime();
    if (written == null) {
      return false;
    }
    Duration newer = Duration.between(update.time(), written);
    return newer.isPositive() && newer.compareTo(COMPARABLE) < 0;
  }
}
