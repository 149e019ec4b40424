package dev.hone.operator.compression;

import dev.hone.api.common.Metrics;
import dev.hone.api.common.RunStatus;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.run.RunState;
import dev.hone.operator.run.RunStatusFactory;
import dev.hone.operator.run.RunView;
import dev.hone.operator.run.Verdict;
import java.time.Clock;
import java.util.Optional;

/** Makes the status of a CompressionJob: that of its run, and the gate's verdict on it. */
public final class CompressionStatusFactory {

  private final RunStatusFactory runs;

  public CompressionStatusFactory(Clock clock) {
    this.runs = new RunStatusFactory(clock);
  }

  /** The status; the gate is looked at each time, for it may change without a new run. */
  public RunStatus create(
      CompressionJobSpec spec,
      RunView view,
      Resolution resolution,
      RunState state,
      RunStatus before) {
    return runs.create(view, resolution, state, before, verdict(spec, state));
  }

  private static Optional<Verdict> verdict(CompressionJobSpec spec, RunState state) {
    return Optional.ofNullable(state.result())
        .map(
            result -> {
              Metrics metrics = result.metrics();
              Verdict gate =
                  GateDecision.of(spec.gate(), metrics == null ? null : metrics.comparison())
                      .verdict();
              return SearchChoice.verdict(spec.search(), result.search(), gate);
            });
  }
}
