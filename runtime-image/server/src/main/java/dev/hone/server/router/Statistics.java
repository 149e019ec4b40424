package dev.hone.server.router;

import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What was counted under one revision of the configuration. */
final class Statistics {
  private final ArmStatistics stable = new ArmStatistics(0);
  private final ArmStatistics candidate = new ArmStatistics(0);
  private final ArmStatistics shadow;
  private final ComparisonStatistics comparisons = new ComparisonStatistics();
  private final LongAdder rescued = new LongAdder();
  private final LongAdder dropped = new LongAdder();
  private volatile @Nullable GoldenStatistics golden;

  /**
   * Statistics of nothing.
   *
   * @param untimedCopies how many of the first repeated requests say nothing of the latency
   */
  Statistics(int untimedCopies) {
    this.shadow = new ArmStatistics(untimedCopies);
  }

  ArmStatistics arm(Arm arm) {
    return arm == Arm.STABLE ? stable : candidate;
  }

  /** Repeated requests that the candidate was given. */
  ArmStatistics shadow() {
    return shadow;
  }

  ComparisonStatistics comparisons() {
    return comparisons;
  }

  /** Counts a request that the candidate failed and the stable version answered. */
  void rescue() {
    rescued.increment();
  }

  /** Counts a sampled request that was not repeated, because too many are on their way. */
  void drop() {
    dropped.increment();
  }

  /** What the golden set shows; empty until there is one. */
  Optional<GoldenStatistics> golden() {
    return Optional.ofNullable(golden);
  }

  /** Begins anew with a golden set. */
  void golden(GoldenStatistics begun) {
    golden = begun;
  }

  Snapshot snapshot() {
    return new Snapshot(
        stable.snapshot(),
        candidate.snapshot(),
        shadow.snapshot(),
        rescued.sum(),
        dropped.sum(),
        comparisons.snapshot(),
        golden().map(GoldenStatistics::snapshot).orElse(null));
  }

  /**
   * What was counted.
   *
   * @param stable requests that the stable version was given
   * @param candidate requests that the candidate was given
   * @param shadow repeated requests that the candidate was given
   * @param rescued requests that the candidate failed and the stable version answered
   * @param dropped sampled requests that were not repeated
   * @param comparisons what became of the comparisons
   * @param goldenSet what the golden set shows; null without one
   */
  record Snapshot(
      ArmStatistics.Snapshot stable,
      ArmStatistics.Snapshot candidate,
      ArmStatistics.Snapshot shadow,
      long rescued,
      long dropped,
      ComparisonStatistics.Snapshot comparisons,
      GoldenStatistics.@Nullable Snapshot goldenSet) {}
}
