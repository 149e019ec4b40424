package dev.hone.operator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.engine.EngineArtifact;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.api.engine.EngineBuildStatus;
import dev.hone.api.engine.EngineKey;
import dev.hone.api.engine.EngineModel;
import dev.hone.api.engine.EngineProvider;
import dev.hone.api.engine.EngineRuntime;
import dev.hone.api.engine.EngineTarget;
import dev.hone.api.engine.ShapeProfile;
import dev.hone.api.engine.ShapeRange;
import dev.hone.operator.desired.PlacedEngine;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EnginePlacementPlannerTest {

  private static final EngineBuildSpec V3 = spec("a", "x86-64-v3");
  private static final EngineBuildSpec V4 = spec("a", "x86-64-v4");
  private static final EngineBuildSpec NEW_V3 = spec("b", "x86-64-v3");

  private static EngineBuildSpec spec(String digest, String level) {
    return new EngineBuildSpec(
        new EngineModel("pvc://c/model", "sha256:" + digest.repeat(64)),
        new EngineRuntime(EngineProvider.CPU, "1.29.0", null),
        EngineTarget.cpu("amd64", level),
        new ShapeProfile(new ShapeRange(1, 8, 8), null),
        Map.of(),
        null);
  }

  private static EngineBuild build(
      EngineBuildSpec spec, @Nullable Reason reason, String message, boolean ready) {
    EngineBuild build = new EngineBuild();
    build.setMetadata(new ObjectMetaBuilder().withName(EngineKey.of(spec)).build());
    build.setSpec(spec);
    if (reason != null) {
      build.setStatus(
          new EngineBuildStatus(
              1L,
              List.of(
                  new ConditionBuilder()
                      .withType("Ready")
                      .withStatus(ready ? "True" : "False")
                      .withReason(reason.value())
                      .withMessage(message)
                      .build()),
              ready ? new EngineArtifact(uri(spec), "sha256:e", 1L, 2.0) : null,
              null,
              null,
              null));
    }
    return build;
  }

  private static EngineBuild ready(EngineBuildSpec spec) {
    return build(spec, Reason.COMPLETED, "the engine was built in 2.0 s", true);
  }

  private static String uri(EngineBuildSpec spec) {
    return "pvc://c/engines/" + EngineKey.of(spec);
  }

  private static PlacedEngine placed(EngineBuildSpec spec) {
    return new PlacedEngine(EngineKey.of(spec), uri(spec), spec.target());
  }

  private static EnginePlacement plan(
      List<EngineBuildSpec> needed, List<EngineBuild> builds, EngineBuildSpec... placed) {
    Map<String, EngineBuild> known = new TreeMap<>();
    builds.forEach(build -> known.put(build.getMetadata().getName(), build));
    Set<String> keys = Arrays.stream(placed).map(EngineKey::of).collect(Collectors.toSet());
    return EnginePlacementPlanner.plan(EngineNeeds.of(needed), known, known.keySet(), keys);
  }

  @Test
  void waitsWhileNoClassHasItsEngine() {
    EnginePlacement waiting =
        plan(List.of(V3), List.of(build(V3, Reason.RUNNING, "Job x is building", false)));
    assertThat(waiting.blocked())
        .hasValueSatisfying(
            blocked -> {
              assertThat(blocked.reason()).isEqualTo(Reason.BUILDING_ENGINE);
              assertThat(blocked.message())
                  .isEqualTo(
                      "waits for EngineBuild %s for x86-64-v3 (Running: Job x is building)"
                          .formatted(EngineKey.of(V3)));
            });
    assertThat(waiting.ready()).isFalse();
    assertThat(plan(List.of(V3), List.of(build(V3, null, "", false))).message())
        .endsWith("(not started yet)");
  }

  @Test
  void startsWithTheClassesThatAreReady() {
    EnginePlacement first =
        plan(List.of(V3, V4), List.of(ready(V3), build(V4, Reason.PENDING, "no node", false)));
    assertThat(first.blocked()).isEmpty();
    assertThat(first.engines()).containsExactly(placed(V3));
    assertThat(first.ready()).isFalse();
    assertThat(first.reason()).isEqualTo(Reason.BUILDING_ENGINE);
    assertThat(first.message()).endsWith("built for x86-64-v3");

    EnginePlacement all = plan(List.of(V3, V4), List.of(ready(V3), ready(V4)), V3);
    assertThat(all.engines()).containsExactlyInAnyOrder(placed(V3), placed(V4));
    assertThat(all.ready()).isTrue();
    assertThat(all.reason()).isEqualTo(Reason.ENGINES_READY);
  }

  @Test
  void saysTheWordsOfABuilderThatFailed() {
    EnginePlacement failed =
        plan(
            List.of(V3),
            List.of(build(V3, Reason.FAILED, "TensorRT cannot build it: no such op", false)));
    assertThat(failed.reason()).isEqualTo(Reason.ENGINE_FAILED);
    assertThat(failed.message()).contains("(Failed: TensorRT cannot build it: no such op)");
    assertThat(failed.blocked()).isPresent();
    EnginePlacement half =
        plan(List.of(V3, V4), List.of(ready(V3), build(V4, Reason.FAILED, "no", false)));
    assertThat(half.blocked()).isEmpty();
    assertThat(half.reason()).isEqualTo(Reason.ENGINE_FAILED);
  }

  /** To drop it would replace every pod, and to take it up again once more. */
  @Test
  void aClassWhoseNodesAreGoneStays() {
    EnginePlacement kept = plan(List.of(V3), List.of(ready(V3), ready(V4)), V3, V4);
    assertThat(kept.engines()).containsExactlyInAnyOrder(placed(V3), placed(V4));
    assertThat(kept.released()).isEmpty();
    assertThat(kept.ready()).isTrue();
  }

  @Test
  void letsGoOfTheEnginesOfAnotherModel() {
    EnginePlacement next = plan(List.of(NEW_V3), List.of(ready(NEW_V3), ready(V3), ready(V4)), V3);
    assertThat(next.engines()).containsExactly(placed(NEW_V3));
    assertThat(next.released()).containsExactlyInAnyOrder(EngineKey.of(V3), EngineKey.of(V4));
  }

  @Test
  void aProviderWithoutEnginesNeedsNone() {
    EnginePlacement none = plan(List.of(), List.of(ready(V3)), V3);
    assertThat(none.blocked()).isEmpty();
    assertThat(none.ready()).isTrue();
    assertThat(none.engines()).isEmpty();
    assertThat(none.released()).containsExactly(EngineKey.of(V3));
  }
}
