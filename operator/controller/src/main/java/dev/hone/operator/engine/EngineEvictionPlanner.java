package dev.hone.operator.engine;

import dev.hone.operator.engine.EngineEvictionPlan.Evicted;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Decides which of the unused engines of one volume go. Pure: the same input always gives the same
 * plan.
 */
final class EngineEvictionPlanner {

  /** What is not built goes soon; not at once, for a user takes it up just after it was made. */
  static final long UNBUILT_MILLIS = TimeUnit.SECONDS.toMillis(60);

  private EngineEvictionPlanner() {}

  static EngineEvictionPlan plan(Collection<UnusedEngine> unused, UnusedPolicy policy) {
    List<UnusedEngine> oldestFirst =
        unused.stream()
            .sorted(
                Comparator.comparingLong(UnusedEngine::idleMillis)
                    .reversed()
                    .thenComparing(UnusedEngine::key))
            .toList();
    List<Evicted> evicted = new ArrayList<>();
    List<UnusedEngine> left = new ArrayList<>();
    for (UnusedEngine engine : oldestFirst) {
      OptionalLong limit = limit(engine, policy);
      if (limit.isPresent() && engine.idleMillis() >= limit.getAsLong()) {
        evicted.add(
            new Evicted(engine.key(), engine.built() ? EvictionCause.AGE : EvictionCause.UNBUILT));
      } else {
        left.add(engine);
      }
    }
    long bytes = left.stream().mapToLong(UnusedEngine::bytes).sum();
    List<UnusedEngine> kept = new ArrayList<>();
    for (UnusedEngine engine : left) {
      boolean helps = engine.bytes() > 0;
      if (helps && policy.maxBytes().isPresent() && bytes > policy.maxBytes().getAsLong()) {
        evicted.add(new Evicted(engine.key(), EvictionCause.SIZE));
        bytes -= engine.bytes();
      } else {
        kept.add(engine);
      }
    }
    return new EngineEvictionPlan(
        evicted,
        kept.stream()
            .filter(engine -> limit(engine, policy).isPresent())
            .mapToLong(engine -> limit(engine, policy).getAsLong() - engine.idleMillis())
            .min());
  }

  private static OptionalLong limit(UnusedEngine engine, UnusedPolicy policy) {
    return engine.built()
        ? policy.maxAgeSeconds().stream().map(TimeUnit.SECONDS::toMillis).findFirst()
        : OptionalLong.of(UNBUILT_MILLIS);
  }
}
