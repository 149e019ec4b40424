package dev.hone.operator.inference;

import dev.hone.api.inference.Backend;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks a pod what it serves. */
public interface ModelProbe {

  /**
   * What a pod says of its model.
   *
   * @param provider what really computes
   * @param digest digest of the model
   */
  record Answer(@Nullable String provider, @Nullable String digest) {}

  /**
   * The pod's answer; empty if it gives none in time.
   *
   * @param backend what serves in it
   */
  Optional<Answer> ask(Pod pod, String model, Backend backend);

  /** Why the pod says that it will not become ready; empty if it says nothing of the kind. */
  Optional<String> refusal(Pod pod);
}
