package dev.hone.operator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** What holds of every eviction. */
class EngineEvictionPropertyTest {

  @Provide
  Arbitrary<List<UnusedEngine>> unused() {
    Arbitrary<UnusedEngine> engine =
        Combinators.combine(
                Arbitraries.integers().between(0, 999),
                Arbitraries.longs().between(0, 200_000),
                Arbitraries.longs().between(0, 50),
                Arbitraries.integers().between(0, 3))
            .as(
                (key, idle, bytes, built) ->
                    built > 0
                        ? new UnusedEngine("engine-" + key, idle, bytes, true)
                        : new UnusedEngine("engine-" + key, idle, 0, false));
    return engine.list().ofMaxSize(12).uniqueElements(UnusedEngine::key);
  }

  @Provide
  Arbitrary<UnusedPolicy> policies() {
    return Combinators.combine(bound(150), bound(200)).as(UnusedPolicy::new);
  }

  private static Arbitrary<OptionalLong> bound(long most) {
    return Arbitraries.longs()
        .between(0, most)
        .optional()
        .map(found -> found.stream().mapToLong(Long::longValue).findFirst());
  }

  private static List<UnusedEngine> kept(List<UnusedEngine> unused, EngineEvictionPlan plan) {
    Set<String> gone =
        plan.evicted().stream().map(EngineEvictionPlan.Evicted::key).collect(Collectors.toSet());
    return unused.stream().filter(engine -> !gone.contains(engine.key())).toList();
  }

  private static List<UnusedEngine> evicted(
      List<UnusedEngine> unused, EngineEvictionPlan plan, EvictionCause cause) {
    return plan.evicted().stream()
        .filter(evicted -> evicted.cause() == cause)
        .map(
            evicted ->
                unused.stream()
                    .filter(engine -> engine.key().equals(evicted.key()))
                    .findFirst()
                    .orElseThrow())
        .toList();
  }

  private static long bytes(List<UnusedEngine> engines) {
    return engines.stream().mapToLong(UnusedEngine::bytes).sum();
  }

  @Property
  void whatStaysIsYoungAndSmallEnough(
      @ForAll("unused") List<UnusedEngine> unused, @ForAll("policies") UnusedPolicy policy) {
    List<UnusedEngine> kept = kept(unused, EngineEvictionPlanner.plan(unused, policy));
    policy.maxBytes().ifPresent(most -> assertThat(bytes(kept)).isLessThanOrEqualTo(most));
    policy
        .maxAgeSeconds()
        .ifPresent(
            most ->
                assertThat(kept)
                    .filteredOn(UnusedEngine::built)
                    .allMatch(engine -> engine.idleMillis() < 1000 * most));
    assertThat(kept)
        .filteredOn(engine -> !engine.built())
        .allMatch(engine -> engine.idleMillis() < EngineEvictionPlanner.UNBUILT_MILLIS);
  }

  @Property
  void nothingGoesThatNeedNotGo(
      @ForAll("unused") List<UnusedEngine> unused, @ForAll("policies") UnusedPolicy policy) {
    EngineEvictionPlan plan = EngineEvictionPlanner.plan(unused, policy);
    List<UnusedEngine> kept = kept(unused, plan);
    assertThat(evicted(unused, plan, EvictionCause.AGE))
        .allMatch(
            engine ->
                engine.built()
                    && engine.idleMillis() >= 1000 * policy.maxAgeSeconds().orElseThrow());
    assertThat(evicted(unused, plan, EvictionCause.UNBUILT)).noneMatch(UnusedEngine::built);
    List<UnusedEngine> tooMuch = evicted(unused, plan, EvictionCause.SIZE);
    if (!tooMuch.isEmpty()) {
      // With the last one of them the rest would be too large.
      assertThat(bytes(kept) + tooMuch.getLast().bytes())
          .isGreaterThan(policy.maxBytes().orElseThrow());
      assertThat(tooMuch)
          .allSatisfy(
              gone ->
                  assertThat(kept)
                      .filteredOn(engine -> engine.bytes() > 0)
                      .allMatch(engine -> engine.idleMillis() <= gone.idleMillis()));
    }
  }

  @Property
  void afterwardsThereIsNothingLeftToDoUntilTheTimeThatIsNamed(
      @ForAll("unused") List<UnusedEngine> unused, @ForAll("policies") UnusedPolicy policy) {
    EngineEvictionPlan plan = EngineEvictionPlanner.plan(unused, policy);
    List<UnusedEngine> kept = kept(unused, plan);
    assertThat(EngineEvictionPlanner.plan(kept, policy).evicted()).isEmpty();
    plan.nextMillis()
        .ifPresent(
            next -> {
              assertThat(next).isPositive();
              assertThat(EngineEvictionPlanner.plan(later(kept, next - 1), policy).evicted())
                  .isEmpty();
              assertThat(EngineEvictionPlanner.plan(later(kept, next), policy).evicted())
                  .isNotEmpty();
            });
    assertThat(plan.nextMillis().isPresent())
        .isEqualTo(
            kept.stream()
                .anyMatch(engine -> !engine.built() || policy.maxAgeSeconds().isPresent()));
  }

  private static List<UnusedEngine> later(List<UnusedEngine> engines, long millis) {
    return engines.stream()
        .map(
            engine ->
                new UnusedEngine(
                    engine.key(), engine.idleMillis() + millis, engine.bytes(), engine.built()))
        .toList();
  }
}
