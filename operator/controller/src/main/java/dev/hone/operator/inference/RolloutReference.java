package dev.hone.operator.inference;

import dev.hone.api.common.ModelSource;
import dev.hone.api.inference.Parity;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.resolve.SourceCatalog;
import dev.hone.operator.rollout.RolloutStateMachine;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The model whose answers to a golden set are right.
 *
 * @param resolution what became of spec.rollout.parity.reference; empty without one
 */
record RolloutReference(Optional<Resolution> resolution) {

  /** The one that a spec names. */
  static RolloutReference of(InferenceView view, SourceCatalog catalog) {
    return new RolloutReference(
        source(view.rollout())
            .map(
                model ->
                    ModelResolver.resolve(
                        view.owner().namespace(),
                        null,
                        model,
                        "spec.rollout.parity.reference.from",
                        catalog)));
  }

  /** What a spec refers to. */
  static Optional<ModelSource> source(@Nullable Rollout rollout) {
    return Optional.ofNullable(rollout).map(Rollout::parity).map(Parity::reference);
  }

  /** The model, if it can be served now. */
  Optional<ServedModel> model() {
    return resolution.flatMap(
        found ->
            found
                .model()
                .map(model -> new ServedModel(model.uri(), model.digest(), found.source())));
  }

  /** The model in a state in which it has a pod of its own; one that serves already needs none. */
  Optional<ServedModel> pod(RolloutStatus state) {
    ServedModel candidate = state.candidate();
    return candidate == null || !state.stage().isBeforeTraffic()
        ? Optional.empty()
        : model()
            .filter(found -> !RolloutStateMachine.same(found, state.stable()))
            .filter(found -> !RolloutStateMachine.same(found, candidate));
  }

  /** Why nothing can be compared with it, as a sentence. */
  Optional<String> obstacle(RolloutStatus state) {
    ServedModel candidate = state.candidate();
    if (candidate != null
        && model().filter(found -> RolloutStateMachine.same(found, candidate)).isPresent()) {
      return Optional.of(
          "spec.rollout.parity.reference is the new version itself: name another model, or remove"
              + " it");
    }
    return resolution.filter(found -> !found.isResolved()).map(Resolution::message);
  }
}
