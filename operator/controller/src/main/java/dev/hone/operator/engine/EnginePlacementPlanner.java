package dev.hone.operator.engine;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Decides which engines a deployment's pods load. Pure: the same input gives the same answer. */
final class EnginePlacementPlanner {

  private EnginePlacementPlanner() {}

  /**
   * The engines. Pods are rolled out as soon as one class of nodes has its engine; other classes
   * join later. A class whose nodes are gone for the moment stays, for to drop it would replace
   * every pod, and to take it up again once more.
   *
   * @param needs the engines that are needed
   * @param builds the EngineBuilds of those keys, and those that the deployment uses, by key
   * @param used keys of those that the deployment uses
   * @param placed keys of those that its pods were made for
   */
  static EnginePlacement plan(
      EngineNeeds needs, Map<String, EngineBuild> builds, Set<String> used, Set<String> placed) {
    if (needs.blocked().isPresent()) {
      return EnginePlacement.blocked(
          needs.blocked().get().reason(), needs.blocked().get().message());
    }
    List<EngineBuild> kept =
        builds.values().stream()
            .filter(build -> placed.contains(build.getMetadata().getName()))
            .filter(build -> !needs.builds().containsKey(build.getMetadata().getName()))
            .filter(build -> isSibling(build.getSpec(), needs.builds().values()))
            .toList();
    Set<String> wanted =
        kept.stream().map(build -> build.getMetadata().getName()).collect(Collectors.toSet());
    wanted.addAll(needs.builds().keySet());
    List<String> released = used.stream().filter(key -> !wanted.contains(key)).sorted().toList();
    if (needs.builds().isEmpty()) {
      return new EnginePlacement(
          List.of(),
          true,
          Reason.ENGINES_READY,
          "the provider needs no engine",
          Optional.empty(),
          released);
    }
    List<PlacedEngine> ready = new ArrayList<>();
    List<String> waiting = new ArrayList<>();
    boolean failed = false;
    for (String key : wanted.stream().sorted().toList()) {
      Optional<EngineBuild> build = Optional.ofNullable(builds.get(key));
      Optional<PlacedEngine> engine = build.flatMap(EnginePlacementPlanner::engine);
      if (engine.isPresent()) {
        ready.add(engine.get());
      } else if (needs.builds().containsKey(key)) {
        Optional<Condition> state = build.flatMap(EnginePlacementPlanner::state);
        failed = failed || state.filter(EnginePlacementPlanner::isFailed).isPresent();
        waiting.add(
            "EngineBuild %s for %s %s"
                .formatted(key, needs.builds().get(key).target().words(), words(state)));
      }
    }
    String names =
        ready.stream().map(engine -> engine.target().words()).collect(Collectors.joining(", "));
    if (waiting.isEmpty()) {
      return new EnginePlacement(
          ready, true, Reason.ENGINES_READY, "built for " + names, Optional.empty(), released);
    }
    Reason reason = failed ? Reason.ENGINE_FAILED : Reason.BUILDING_ENGINE;
    String sentence = "waits for " + String.join("; ", waiting);
    if (ready.isEmpty()) {
      return EnginePlacement.blocked(reason, sentence);
    }
    return new EnginePlacement(
        ready, false, reason, sentence + "; built for " + names, Optional.empty(), released);
  }

  /** Whether it is an engine that is needed, but for another class of nodes. */
  private static boolean isSibling(EngineBuildSpec spec, Collection<EngineBuildSpec> needed) {
    return needed.stream()
        .anyMatch(
            other ->
                other.model().digest().equals(spec.model().digest())
                    && other.runtime().equals(spec.runtime())
                    && other.profile().equals(spec.profile())
                    && (other.target().gpuProduct() == null)
                        == (spec.target().gpuProduct() == null));
  }

  private static Optional<PlacedEngine> engine(EngineBuild build) {
    if (build.isMarkedForDeletion()
        || build.getStatus() == null
        || build.getStatus().engine() == null) {
      return Optional.empty();
    }
    return Optional.of(
        new PlacedEngine(
            build.getMetadata().getName(),
            build.getStatus().engine().uri(),
            build.getSpec().target()));
  }

  private static Optional<Condition> state(EngineBuild build) {
    return build.getStatus() == null
        ? Optional.empty()
        : ConditionSet.find(build.getStatus().conditions(), ConditionTypes.READY);
  }

  private static boolean isFailed(Condition state) {
    return Reason.FAILED.value().equals(state.getReason())
        || Reason.INVALID.value().equals(state.getReason());
  }

  private static String words(Optional<Condition> state) {
    return state
        .map(found -> "(%s: %s)".formatted(found.getReason(), found.getMessage()))
        .orElse("(not started yet)");
  }
}
