package dev.hone.operator.engine;

import dev.hone.api.Reason;
import dev.hone.operator.desired.PlacedEngine;
import java.util.List;
import java.util.Optional;

/**
 * What a deployment's pods may load now.
 *
 * @param engines the engines that are ready; empty for a provider that needs none
 * @param ready whether every engine that is needed is ready
 * @param reason reason of the condition EnginesReady
 * @param message its message
 * @param blocked why the pods cannot be rolled out yet, if they cannot
 * @param released keys of the engines that the deployment needs no longer
 */
public record EnginePlacement(
    List<PlacedEngine> engines,
    boolean ready,
    Reason reason,
    String message,
    Optional<EngineNeeds.Blocked> blocked,
    List<String> released) {

  public EnginePlacement {
    engines = List.copyOf(engines);
    released = List.copyOf(released);
  }

  static EnginePlacement blocked(Reason reason, String message) {
    return new EnginePlacement(
        List.of(),
        false,
        reason,
        message,
        Optional.of(new EngineNeeds.Blocked(reason, message)),
        List.of());
  }
}
