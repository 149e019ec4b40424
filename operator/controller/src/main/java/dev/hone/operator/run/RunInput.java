package dev.hone.operator.run;

import dev.hone.api.common.RunStatus;
import dev.hone.operator.resolve.Resolution;
import java.time.Instant;
import java.util.Optional;

/**
 * Everything that a plan is made from.
 *
 * @param view what is wanted
 * @param resolution what became of the model
 * @param observed what is there
 * @param before the status as it was last written
 * @param now the time of the pass
 */
public record RunInput(
    RunView view, Resolution resolution, RunObservation observed, RunStatus before, Instant now) {

  /** The hash of the wanted run; empty as long as its model is not resolved. */
  public Optional<String> wantedHash() {
    return resolution.model().map(view::hash);
  }
}
