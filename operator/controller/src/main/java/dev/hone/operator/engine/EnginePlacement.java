package dev.hone.operator.engine;

import dev.hone.api.Reason;
import dev.hone.operator.desired.PlacedEngine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

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

  /**
   * Those of several versions of a model, as one: ready when each is, and what none of them needs
   * is released.
   *
   * @param versions the placements by what the version is called in a sentence
   */
  public static EnginePlacement together(Map<String, EnginePlacement> versions) {
    EnginePlacement first =
        versions.values().stream()
            .filter(placement -> !placement.ready())
            .findFirst()
            .orElseGet(() -> versions.values().iterator().next());
    Set<String> released = new TreeSet<>(first.released());
    versions.values().forEach(placement -> released.retainAll(placement.released()));
    return new EnginePlacement(
        versions.values().stream()
            .flatMap(placement -> placement.engines().stream())
            .distinct()
            .toList(),
        first.ready(),
        first.reason(),
        versions.size() == 1
            ? first.message()
            : versions.entrySet().stream()
                .map(entry -> entry.getKey() + ": " + entry.getValue().message())
                .collect(Collectors.joining("; ")),
        Optional.empty(),
        List.copyOf(released));
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
