package dev.hone.operator.run;

import java.util.List;

/** The state of a run, and what to do now. */
public record RunPlan(RunState state, List<RunAction> actions) {}
