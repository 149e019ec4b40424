package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.hone.api.Reason;
import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Walks through the table of docs/lifecycle.md, so that it says what the planner does. */
class LifecycleTest {

  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| (–|`\\w+`) \\| (.+?) \\| `(\\w+)` \\| (.+?) \\|$");

  /** What can happen, by the words of the table. */
  private static final Map<String, Consumer<SimulatedRun>> EVENTS =
      Map.ofEntries(
          Map.entry("it is applied", run -> {}),
          Map.entry("it is applied, suspended", run -> run.suspend(true)),
          Map.entry("it is applied with a queue's label", run -> run.queue("gpus")),
          Map.entry("it is applied, and refers to what is not ready", SimulatedRun::unresolve),
          Map.entry("it is applied, and refers to itself", SimulatedRun::referToItself),
          Map.entry(
              "it is applied, and asks for what has no executor", SimulatedRun::askForTheUnknown),
          Map.entry(
              "it is applied for two nodes, and a claim is for one", run -> run.nodes(2, false)),
          Map.entry("what it refers to is ready", SimulatedRun::resolve),
          Map.entry("what it refers to is ready no more", SimulatedRun::unresolve),
          Map.entry("the claim can be shared", run -> run.nodes(2, true)),
          Map.entry("its pod runs", SimulatedRun::podRuns),
          Map.entry("its pod fits no node", SimulatedRun::podFitsNoNode),
          Map.entry("it is suspended", run -> run.suspend(true)),
          Map.entry("it is released", run -> run.suspend(false)),
          Map.entry("it is applied, canceled", run -> run.cancel(true)),
          Map.entry("it is canceled", run -> run.cancel(true)),
          Map.entry(
              "cancel is taken back with another rerun",
              run -> {
                run.cancel(false);
                run.rerun();
              }),
          Map.entry("somebody deletes the Job", SimulatedRun::loseJob),
          Map.entry("its time to live is over", SimulatedRun::loseJob),
          Map.entry("the Job is going away", SimulatedRun::markJobForDeletion),
          Map.entry("it gets another rerun", SimulatedRun::rerun),
          Map.entry("it comes to refer to itself", SimulatedRun::referToItself),
          Map.entry("it refers to itself no more", SimulatedRun::resolve),
          Map.entry(
              "an upgrade brings an operator that cannot do it", SimulatedRun::askForTheUnknown),
          Map.entry("the pendingDeadline passes", run -> run.time(601)),
          Map.entry("Kueue admits it", run -> run.kueueSuspends(false)),
          Map.entry("Kueue stops it", SimulatedRun::kueueStops),
          Map.entry("a pod fails, and may be tried again", run -> run.podFails("DatasetNotFound")),
          Map.entry("a pod is evicted", run -> run.podFails(null)),
          Map.entry("its pod reports a result", run -> run.result(false)),
          Map.entry("its pod reports a result that was there already", run -> run.result(true)),
          Map.entry(
              "its pod reports a result that the gate does not let pass",
              run -> run.result(Verdict.Answer.REJECTED)),
          Map.entry(
              "its pod reports a result, and its gate lacks a figure",
              run -> run.result(Verdict.Answer.UNKNOWN)),
          Map.entry("the gate is met", run -> run.judge(Verdict.Answer.ACCEPTED)),
          Map.entry("the gate is not met", run -> run.judge(Verdict.Answer.REJECTED)),
          Map.entry("the Job gives up", run -> run.jobFails("BackoffLimitExceeded")),
          Map.entry(
              "the Job takes longer than its deadline", run -> run.jobFails("DeadlineExceeded")),
          Map.entry("the Job ends before its result is known", SimulatedRun::jobCompletes),
          Map.entry("its Job has ended", SimulatedRun::jobCompletes));

  /** How each state is reached from nothing. */
  private static final Map<String, List<String>> WAYS =
      Map.ofEntries(
          Map.entry("–", List.of()),
          Map.entry(
              "WaitingForReference", List.of("it is applied, and refers to what is not ready")),
          Map.entry(
              "VolumeNotShared", List.of("it is applied for two nodes, and a claim is for one")),
          Map.entry("Invalid", List.of("it is applied, and refers to itself")),
          Map.entry("Unsupported", List.of("it is applied, and asks for what has no executor")),
          Map.entry("Pending", List.of("it is applied")),
          Map.entry("Queued", List.of("it is applied with a queue's label")),
          Map.entry("Suspended", List.of("it is applied, suspended")),
          Map.entry("Cancelled", List.of("it is applied", "its pod runs", "it is canceled")),
          Map.entry("Running", List.of("it is applied", "its pod runs")),
          Map.entry(
              "Retrying",
              List.of("it is applied", "its pod runs", "a pod fails, and may be tried again")),
          Map.entry(
              "Completed",
              List.of(
                  "it is applied",
                  "its pod runs",
                  "its pod reports a result",
                  "its Job has ended")),
          Map.entry(
              "Reused",
              List.of(
                  "it is applied",
                  "its pod runs",
                  "its pod reports a result that was there already",
                  "its Job has ended")),
          Map.entry(
              "Rejected",
              List.of(
                  "it is applied",
                  "its pod runs",
                  "its pod reports a result that the gate does not let pass",
                  "its Job has ended")),
          Map.entry(
              "EvaluatingGate",
              List.of(
                  "it is applied",
                  "its pod runs",
                  "its pod reports a result, and its gate lacks a figure",
                  "its Job has ended")),
          Map.entry("Failed", List.of("it is applied", "its pod runs", "the Job gives up")));

  private static final Set<String> ENDS =
      Set.of("Invalid", "Unsupported", "Completed", "Reused", "Rejected", "Cancelled", "Failed");

  private record Row(String state, String event, String next, String job) {}

  @TestFactory
  Stream<DynamicTest> everyRowIsTrue() {
    return rows().stream()
        .map(
            row ->
                dynamicTest(
                    row.state() + ": " + row.event(),
                    () -> {
                      SimulatedRun run = at(row.state());
                      String effect = run.happens(event(row.event()));
                      assertThat(run.reason()).isEqualTo(row.next());
                      assertThat(effect).isEqualTo(row.job());
                    }));
  }

  @TestFactory
  Stream<DynamicTest> whateverHappensAnEndLeavesNoJobThatGoesOn() {
    return WAYS.keySet().stream()
        .flatMap(
            state ->
                EVENTS.keySet().stream()
                    .filter(event -> event.startsWith("it is applied") == state.equals("–"))
                    .map(
                        event ->
                            dynamicTest(
                                state + ": " + event,
                                () -> {
                                  SimulatedRun run = at(state);
                                  run.happens(event(event));
                                  if (ENDS.contains(run.reason())) {
                                    assertThat(run.jobsThatGoOn()).isEmpty();
                                  }
                                  assertThat(run.jobsOfOneHash()).isLessThanOrEqualTo(1);
                                  assertThat(run.happens(nothing -> {})).isIn("kept", "none");
                                })));
  }

  @Test
  void theTableHasEveryStateAndEveryEvent() {
    Set<String> states =
        rows().stream()
            .flatMap(row -> Stream.of(row.state(), row.next()))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(states).containsExactlyInAnyOrderElementsOf(WAYS.keySet());
    assertThat(rows().stream().map(Row::event).collect(Collectors.toSet()))
        .containsExactlyInAnyOrderElementsOf(EVENTS.keySet());
    // What a run can be in before it ends, and at its end; Deleting has a planner of its own.
    Set<Reason> ofRuns =
        EnumSet.range(Reason.WAITING_FOR_REFERENCE, Reason.FAILED).stream()
            .filter(reason -> reason != Reason.DELETING && reason != Reason.ARTIFACT_KEPT)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(Reason.class)));
    ofRuns.add(Reason.VOLUME_NOT_SHARED);
    assertThat(states.stream().filter(state -> !state.equals("–")))
        .containsExactlyInAnyOrderElementsOf(ofRuns.stream().map(Reason::value).toList());
  }

  private static SimulatedRun at(String state) {
    SimulatedRun run = new SimulatedRun();
    Objects.requireNonNull(WAYS.get(state)).forEach(event -> run.happens(event(event)));
    if (!state.equals("–")) {
      assertThat(run.reason()).as("the way to " + state).isEqualTo(state);
    }
    return run;
  }

  private static Consumer<SimulatedRun> event(String words) {
    return Objects.requireNonNull(EVENTS.get(words), () -> "no such event: " + words);
  }

  private static List<Row> rows() {
    String page;
    try {
      page = Files.readString(Repository.root().resolve("docs/lifecycle.md"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Row> rows = ROW.matcher(page).results().map(LifecycleTest::row).toList();
    long lines = Arrays.stream(page.split("\n")).filter(line -> line.startsWith("| ")).count();
    assertThat(rows).as("every row but the head is read").hasSize((int) lines - 1);
    return rows;
  }

  private static Row row(MatchResult match) {
    return new Row(match.group(1).replace("`", ""), match.group(2), match.group(3), match.group(4));
  }
}
