package dev.hone.operator.rollout;

import dev.hone.api.inference.Analysis.NoData;
import dev.hone.api.inference.RolloutFigures;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.rollout.SequentialTest.Answer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decides the next state of a rollout from the last one, which stands in the status: an operator
 * that is killed at any point goes on from there. Pure.
 *
 * <pre>
 * Preparing → GoldenSet → Shadow → Canary 1 … n → Soaking → Complete
 *      └──────────┴─────────┴─────────┴────────────┴─────→ RolledBack
 * </pre>
 */
public final class RolloutStateMachine {
  private static final int WHOLE = 100;

  /** What a cluster has to make room by itself, by more nodes or by pods that end. */
  private static final Duration ROOM = Duration.ofMinutes(2);

  private final RolloutPolicy policy;
  private final long generation;
  private final Instant now;

  /**
   * A state machine.
   *
   * @param policy what a new version must keep to
   * @param generation generation of the spec
   * @param now the time
   */
  public RolloutStateMachine(RolloutPolicy policy, long generation, Instant now) {
    this.policy = policy;
    this.generation = generation;
    this.now = now;
  }

  /** The state of a resource that had no rollout policy until now, or serves nothing yet. */
  public RolloutStatus first(ServedModel model) {
    return new RolloutStatus(
        RolloutStage.PREPARING,
        model,
        null,
        null,
        0,
        now.toString(),
        "waits for the pods of %s, the first version".formatted(name(model)),
        null,
        null,
        null,
        null,
        null);
  }

  /** There is nothing yet that a new version could be compared with: the wanted one is stable. */
  private RolloutStatus beforeTheFirst(ServedModel wanted, RolloutStatus last, RolloutFacts facts) {
    if (!same(wanted, last.stable())) {
      return first(wanted);
    }
    if (facts.stableReady()) {
      return complete(
          last.stable(), "%s is the stable version".formatted(name(last.stable())), null);
    }
    return last;
  }

  /** The next state, where the given model is wanted. */
  public RolloutStatus next(ServedModel wanted, RolloutStatus last, RolloutFacts facts) {
    ServedModel candidate = last.candidate();
    if (candidate == null && last.stage() == RolloutStage.PREPARING) {
      return beforeTheFirst(wanted, last, facts);
    }
    if (same(wanted, last.stable())) {
      return candidate == null && last.stage() == RolloutStage.COMPLETE
          ? last
          : complete(
              last.stable(),
              candidate == null
                  ? "%s is the stable version".formatted(name(last.stable()))
                  : "%s is wanted again: the rollout of %s ends"
                      .formatted(name(last.stable()), name(candidate)),
              null);
    }
    if (last.rejected() != null
        && same(wanted, last.rejected())
        && Objects.equals(generation, last.rejectedGeneration())) {
      return last;
    }
    if (candidate == null || !same(wanted, candidate)) {
      return start(wanted, last);
    }
    return switch (last.stage()) {
      case PREPARING -> prepared(last, candidate, facts);
      case GOLDEN_SET -> golden(last, candidate, facts);
      default -> measured(last, candidate, facts);
    };
  }

  /** Whether two models are one version, whoever refers to them. */
  public static boolean same(ServedModel one, ServedModel other) {
    return one.uri().equals(other.uri()) && Objects.equals(one.digest(), other.digest());
  }

  private RolloutStatus start(ServedModel wanted, RolloutStatus last) {
    String instead =
        last.candidate() == null
            ? ""
            : " instead of %s, whose rollout ends".formatted(name(last.candidate()));
    return state(
        RolloutStage.PREPARING,
        // Another rollout may have room again.
        last.withCandidateReplicas(null),
        wanted,
        null,
        "the rollout of %s starts%s: its pods are made, and get no traffic%s"
            .formatted(
                name(wanted),
                instead,
                policy.surges()
                    ? ""
                    : "; surge is Never, so it has 1 of %d pods, and the stable version 1 less"
                        .formatted(policy.replicas())),
        null);
  }

  private RolloutStatus prepared(RolloutStatus last, ServedModel candidate, RolloutFacts facts) {
    if (facts.candidateFailure().isPresent()) {
      return fail(
          last,
          candidate,
          "%s does not start: %s".formatted(name(candidate), facts.candidateFailure().get()),
          null);
    }
    if (!facts.candidateReady()) {
      if (givesUpSurge(last, facts)) {
        return withoutSurge(last, candidate, facts);
      }
      return decided(
          last,
          "waits for the pods of %s%s"
              .formatted(name(candidate), facts.waiting().map(text -> ": " + text).orElse("")),
          null);
    }
    return advance(last, candidate, facts, "its pods are ready", null);
  }

  private boolean givesUpSurge(RolloutStatus last, RolloutFacts facts) {
    return facts.noRoom().isPresent()
        && policy.mayGiveUpSurge()
        && policy.surges(last)
        && Duration.between(Instant.parse(last.since()), now).compareTo(ROOM) >= 0;
  }

  private RolloutStatus withoutSurge(
      RolloutStatus last, ServedModel candidate, RolloutFacts facts) {
    return decided(
        last.withCandidateReplicas(1),
        "no node has room for %d more pods (too little %s), so this rollout goes on without surge: %s has 1 of %d pods, and the stable version 1 less until it ends"
            .formatted(
                policy.replicas(),
                facts.noRoom().orElseThrow(),
                name(candidate),
                policy.replicas()),
        null);
  }

  private RolloutStatus golden(RolloutStatus last, ServedModel candidate, RolloutFacts facts) {
    if (!policy.goldenSet()) {
      return advance(
          last.withGoldenSet(null),
          candidate,
          facts,
          "the spec asks for none any more",
          last.figures());
    }
    GoldenSetFacts golden = facts.golden().orElseGet(GoldenSetFacts::none);
    RolloutStatus state = golden.set().map(last::withGoldenSet).orElse(last);
    if (golden.measurement().filter(GoldenMeasurement::tells).isEmpty()) {
      return decided(
          state,
          place(last) + " is undecided: " + golden.waiting().orElse("no router tells of it"),
          null);
    }
    GoldenMeasurement measured = golden.measurement().get();
    List<Finding> findings = GoldenJudge.judge(policy.tolerances(), measured);
    List<Finding> broken = findings.stream().filter(found -> found.is(Answer.FAIL)).toList();
    return broken.isEmpty()
        ? advance(state, candidate, facts, texts(findings), measured.figures())
        : fail(state, candidate, place(last) + " fails: " + texts(broken), measured.figures());
  }

  private RolloutStatus measured(RolloutStatus last, ServedModel candidate, RolloutFacts facts) {
    StageFigures told = facts.figures();
    String lacking =
        told.lacking().map(text -> "%s waits: %s".formatted(place(last), text)).orElse("");
    if (told.measurement().isEmpty()) {
      return decided(last, lacking, last.figures());
    }
    Measurement measured = told.measurement().get();
    boolean copies = last.stage() == RolloutStage.SHADOW;
    RolloutFigures figures = measured.figures(copies);
    List<Finding> findings = Judge.judge(policy, last.stage(), measured);
    List<Finding> broken = findings.stream().filter(found -> found.is(Answer.FAIL)).toList();
    if (!broken.isEmpty()) {
      return fail(last, candidate, place(last) + " fails: " + texts(broken), figures);
    }
    if (!lacking.isEmpty()) {
      return decided(last, "%s; until now %s".formatted(lacking, texts(findings)), figures);
    }
    // What nobody has told yet may be a failure.
    Duration elapsed = Duration.between(Instant.parse(last.since()), told.until());
    Duration least = least(last);
    if (elapsed.compareTo(least) < 0) {
      return decided(
          last,
          "%s lasts at least %d s; until now %s"
              .formatted(place(last), least.toSeconds(), texts(findings)),
          figures);
    }
    boolean open = findings.stream().anyMatch(found -> found.is(Answer.OPEN));
    if (!open || last.stage() == RolloutStage.SOAKING) {
      return advance(last, candidate, facts, texts(findings), figures);
    }
    Optional<RolloutStatus> withoutData =
        withoutData(
            last, candidate, facts, copies ? measured.shadow() : measured.candidate(), figures);
    return withoutData.orElseGet(
        () ->
            decided(
                last,
                "%s is undecided: %s"
                    .formatted(
                        place(last),
                        texts(findings.stream().filter(found -> found.is(Answer.OPEN)).toList())),
                figures));
  }

  /** What the policy says where there are no requests, or, to go on, too few of them. */
  private Optional<RolloutStatus> withoutData(
      RolloutStatus last,
      ServedModel candidate,
      RolloutFacts facts,
      Measurement.Arm arm,
      RolloutFigures figures) {
    String text =
        "%d requests came in %d s"
            .formatted(
                arm.requests(), Duration.between(Instant.parse(last.since()), now).toSeconds());
    if (policy.noData() == NoData.PROCEED && arm.requests() < policy.minRequests()) {
      return Optional.of(
          advance(last, candidate, facts, text + ", and noData is Proceed", figures));
    }
    if (policy.noData() == NoData.ROLLBACK && arm.requests() == 0) {
      return Optional.of(
          fail(
              last,
              candidate,
              "%s fails: %s, and noData is Rollback".formatted(place(last), text),
              figures));
    }
    return Optional.empty();
  }

  /** The least time of a stage. */
  private Duration least(RolloutStatus last) {
    return switch (last.stage()) {
      case SOAKING -> policy.soak();
      case CANARY -> {
        Integer step = last.step();
        Integer pause =
            step == null || step > policy.steps().size()
                ? null
                : policy.steps().get(step - 1).pauseSeconds();
        Duration wanted = Duration.ofSeconds(pause == null ? 0 : pause);
        yield wanted.compareTo(policy.interval()) > 0 ? wanted : policy.interval();
      }
      default -> policy.interval();
    };
  }

  private RolloutStatus advance(
      RolloutStatus last,
      ServedModel candidate,
      RolloutFacts facts,
      String because,
      @Nullable RolloutFigures figures) {
    String passed = "%s passes: %s".formatted(place(last), because);
    if (last.stage() == RolloutStage.SOAKING) {
      return complete(
              candidate,
              "%s is the stable version now; %s".formatted(name(candidate), passed),
              figures)
          .withGoldenSet(last.goldenSet());
    }
    if (last.stage() == RolloutStage.PREPARING && policy.goldenSet()) {
      return state(
          RolloutStage.GOLDEN_SET,
          last,
          candidate,
          null,
          passed + "; it is given the golden set, and no traffic",
          figures);
    }
    RolloutStatus wanted =
        onTraffic(last, candidate, passed, figures).withGoldenSet(last.goldenSet());
    return policy.surges(last)
        ? withItsPods(last, facts, passed, wanted)
        : withRoom(last, facts, passed, wanted);
  }

  /** Keeps the traffic where it is while some of the candidate's pods are not ready. */
  private RolloutStatus withItsPods(
      RolloutStatus last, RolloutFacts facts, String passed, RolloutStatus wanted) {
    return facts.candidateReady()
        ? wanted
        : decided(
            last,
            "%s; waits for all of its %d pods before it goes on%s"
                .formatted(
                    passed, policy.replicas(), facts.waiting().map(text -> ": " + text).orElse("")),
            wanted.figures());
  }

  /** Moves pods from the stable version to the candidate before it gets the traffic for them. */
  private RolloutStatus withRoom(
      RolloutStatus last, RolloutFacts facts, String passed, RolloutStatus wanted) {
    int pods = policy.candidatePods(wanted);
    if (policy.candidatePods(last) >= pods && facts.candidateReady()) {
      return wanted;
    }
    return decided(
        last.withCandidateReplicas(pods),
        "%s; waits for its %d of %d pods before it answers %d%% (%s: the stable version has the other %d)"
            .formatted(
                passed,
                pods,
                policy.replicas(),
                wanted.weight(),
                policy.surges() ? "without surge" : "surge is Never",
                policy.replicas() - pods),
        wanted.figures());
  }

  /** The next stage of those in which the candidate sees requests of clients. */
  private RolloutStatus onTraffic(
      RolloutStatus last, ServedModel candidate, String passed, @Nullable RolloutFigures figures) {
    if (last.stage().isBeforeTraffic() && policy.shadows()) {
      return state(
          RolloutStage.SHADOW,
          last,
          candidate,
          null,
          "%s; %s of the requests are repeated to it"
              .formatted(passed, Judge.number(policy.sampleShare() * WHOLE) + "%"),
          figures);
    }
    int step = last.stage() == RolloutStage.CANARY && last.step() != null ? last.step() + 1 : 1;
    if (step <= policy.steps().size()) {
      return state(
          RolloutStage.CANARY,
          last,
          candidate,
          step,
          "%s; it answers %d%% of the requests"
              .formatted(passed, policy.steps().get(step - 1).weight()),
          figures);
    }
    return state(
        RolloutStage.SOAKING,
        last,
        candidate,
        null,
        "%s; it answers all requests, and the old pods stay warm for %d s"
            .formatted(passed, policy.soak().toSeconds()),
        figures);
  }

  private RolloutStatus fail(
      RolloutStatus last, ServedModel candidate, String because, @Nullable RolloutFigures figures) {
    if (policy.manual()) {
      return decided(
          last,
          "%s; rollback is Manual, so nothing changes until you write another model"
              .formatted(because),
          figures);
    }
    return new RolloutStatus(
        RolloutStage.ROLLED_BACK,
        last.stable(),
        null,
        null,
        0,
        now.toString(),
        "%s; %s answers all requests, and %s is not tried again until you change the spec"
            .formatted(because, name(last.stable()), name(candidate)),
        figures,
        candidate,
        generation,
        last.goldenSet(),
        null);
  }

  private RolloutStatus complete(
      ServedModel stable, String decision, @Nullable RolloutFigures figures) {
    return new RolloutStatus(
        RolloutStage.COMPLETE,
        stable,
        null,
        null,
        0,
        now.toString(),
        decision,
        figures,
        null,
        null,
        null,
        null);
  }

  private RolloutStatus state(
      RolloutStage stage,
      RolloutStatus last,
      ServedModel candidate,
      @Nullable Integer step,
      String decision,
      @Nullable RolloutFigures figures) {
    return new RolloutStatus(
        stage,
        last.stable(),
        candidate,
        step,
        weight(stage, step),
        now.toString(),
        decision,
        figures,
        null,
        null,
        null,
        policy.surges(last) ? null : policy.candidatePods(weight(stage, step)));
  }

  private int weight(RolloutStage stage, @Nullable Integer step) {
    return switch (stage) {
      case CANARY -> step == null ? 0 : policy.steps().get(step - 1).weight();
      case SOAKING -> WHOLE;
      default -> 0;
    };
  }

  /** The same state with another sentence. */
  private static RolloutStatus decided(
      RolloutStatus last, String decision, @Nullable RolloutFigures figures) {
    return new RolloutStatus(
        last.stage(),
        last.stable(),
        last.candidate(),
        last.step(),
        last.weight(),
        last.since(),
        decision,
        figures,
        last.rejected(),
        last.rejectedGeneration(),
        last.goldenSet(),
        last.candidateReplicas());
  }

  private String place(RolloutStatus last) {
    return switch (last.stage()) {
      case CANARY ->
          "step %d of %d at %d%%".formatted(last.step(), policy.steps().size(), last.weight());
      case SOAKING -> "the soak";
      case GOLDEN_SET -> "the golden set";
      case SHADOW -> "the shadow stage";
      default -> "the preparation";
    };
  }

  private static String texts(List<Finding> findings) {
    return findings.stream().map(Finding::text).collect(Collectors.joining(", "));
  }

  private static String name(ServedModel model) {
    String digest = model.digest();
    return digest == null ? model.uri() : digest.substring(0, Math.min(digest.length(), 19));
  }
}
