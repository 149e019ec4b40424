package dev.hone.operator.compression;

import dev.hone.api.common.Metrics;
import dev.hone.api.common.RunStatus;
import dev.hone.api.compression.Gate;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.run.RunState;
import dev.hone.operator.run.RunStatusFactory;
import dev.hone.operator.run.RunView;
import dev.hone.operator.run.Verdict;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes the status of a CompressionJob: that of its run, and the gate's verdict on it. */
public final class CompressionStatusFactory {

  private final RunStatusFactory runs;

  public CompressionStatusFactory(Clock clock) {
    this.runs = new RunStatusFactory(clock);
  }

  /** The status; the gate is looked at each time, for it may change without a new run. */
  public RunStatus create(
      @Nullable Gate gate, RunView view, Resolution resolution, RunState state, RunStatus before) {
    return runs.create(view, resolution, state, before, verdict(gate, state));
  }

  private static Optional<Verdict> verdict(@Nullable Gate gate, RunState state) {
    return Optional.ofNullable(state.result())
        .map(
            result -> {
              Metrics metrics = result.metrics();
              return GateDecision.of(gate, metrics == null ? null : metrics.comparison()).verdict();
            });
  }
}
