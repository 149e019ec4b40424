package dev.hone.operator.progress;

import dev.hone.api.common.JobReference;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a report must know of a resource. Only these fields are read, so that one that this version
 * does not understand can never keep a result from being taken.
 *
 * @param resourceUid uid of the resource
 * @param resourceVersion version of the resource that was read
 * @param job the Job that the leader has recorded, if any
 * @param progressTime time of the progress that was written last, if any
 */
public record ObservedRun(
    String resourceUid,
    String resourceVersion,
    @Nullable JobReference job,
    @Nullable Instant progressTime) {

  /** Whether the Job of that uid is the one that counts. */
  public boolean isCurrent(String jobUid) {
    return job != null && jobUid.equals(job.uid());
  }

  /** Reads it from the API server; empty if there is no such resource. */
  public static Optional<ObservedRun> read(KubernetesClient client, ResourceKey key) {
    GenericKubernetesResource resource =
        client
            .genericKubernetesResources(key.kind().context())
            .inNamespace(key.namespace())
            .withName(key.name())
            .get();
    return Optional.ofNullable(resource).map(ObservedRun::of);
  }

  private static ObservedRun of(GenericKubernetesResource resource) {
    String name = resource.get("status", "job", "name");
    String uid = resource.get("status", "job", "uid");
    String hash = resource.get("status", "job", "hash");
    JobReference job =
        name == null || uid == null || hash == null ? null : new JobReference(name, uid, hash);
    return new ObservedRun(
        resource.getMetadata().getUid(),
        resource.getMetadata().getResourceVersion(),
        job,
        instant(resource.get("status", "progress", "time")));
  }

  private static @Nullable Instant instant(@Nullable String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeException e) {
      return null;
    }
  }
}
