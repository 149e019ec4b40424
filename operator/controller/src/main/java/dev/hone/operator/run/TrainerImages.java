package dev.hone.operator.run;

import java.util.Optional;

/**
 * The images of pods that train and compress.
 *
 * @param trainer of all runs, unless another one is needed
 * @param liteRt the trainer with LiteRT's packages, which write and run LiteRT files; empty if the
 *     operator was given none
 */
public record TrainerImages(String trainer, Optional<String> liteRt) {

  /** The image of a run; empty if there is none that has what it needs. */
  public Optional<String> of(RunView view) {
    return view.liteRt() ? liteRt : Optional.of(trainer);
  }
}
