package dev.hone.operator.engine;

import dev.hone.api.Reason;
import dev.hone.api.common.RunFailure;
import dev.hone.api.engine.EngineArtifact;
import org.jspecify.annotations.Nullable;

/**
 * What to do about an engine, and where it is.
 *
 * @param action what to do
 * @param reason the state
 * @param message a sentence about it
 * @param engine the engine, once it is there
 * @param failure why the last pod failed
 */
record EngineBuildPlan(
    Action action,
    Reason reason,
    String message,
    @Nullable EngineArtifact engine,
    @Nullable RunFailure failure) {

  /** What to do. */
  enum Action {
    NONE,
    START,
    /** The Job has ended and nobody knows with what: another one finds the engine. */
    START_AGAIN
  }

  /** Whether the engine can be loaded. */
  boolean ready() {
    return engine != null;
  }

  static EngineBuildPlan of(Action action, Reason reason, String message) {
    return new EngineBuildPlan(action, reason, message, null, null);
  }

  EngineBuildPlan withFailure(@Nullable RunFailure cause) {
    return new EngineBuildPlan(action, reason, message, engine, cause);
  }

  /** The same in another state, in which nothing is done. */
  EngineBuildPlan as(Reason other, String sentence) {
    return new EngineBuildPlan(Action.NONE, other, sentence, engine, failure);
  }
}
