package dev.hone.operator.status;

import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.net.HttpURLConnection;
import java.util.Objects;

/** Writes a status by server-side apply, and only if it changed. */
public final class StatusWriter {

  private StatusWriter() {}

  /** What became of a write. */
  public enum Outcome {
    /** Nothing changed, so that nothing was written. */
    UNCHANGED,
    WRITTEN,
    /** Written, but the spec or the resource is another one by now: look again at once. */
    OVERTAKEN
  }

  /**
   * Writes a status.
   *
   * @param resource the resource as it was read
   * @param blank an object of the same kind without anything in it
   * @param before the status as it was, without what others write into it
   * @param now the status as it shall be
   */
  public static <S, R extends CustomResource<?, S>> Outcome write(
      Context<R> context, R resource, R blank, S before, S now) {
    if (Objects.equals(before, now)) {
      // A write without a change could make the framework drop the event of a change by somebody
      // else.
      return Outcome.UNCHANGED;
    }
    blank.getMetadata().setName(resource.getMetadata().getName());
    blank.getMetadata().setNamespace(resource.getMetadata().getNamespace());
    blank.setStatus(now);
    R written;
    try {
      written = context.resourceOperations().serverSideApplyPrimaryStatus(blank);
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
        // Deleted in the meantime: there is nobody left to tell.
        return Outcome.UNCHANGED;
      }
      throw e;
    }
    // The framework takes the event of our own write for seen, and with it that of an edit just
    // before, or of another resource that was made under the same name.
    return Objects.equals(
                written.getMetadata().getGeneration(), resource.getMetadata().getGeneration())
            && Objects.equals(written.getMetadata().getUid(), resource.getMetadata().getUid())
        ? Outcome.WRITTEN
        : Outcome.OVERTAKEN;
  }
}
