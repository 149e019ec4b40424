package dev.hone.operator.it;

import static dev.hone.operator.it.FaultyApi.Fault.CONFLICT;
import static dev.hone.operator.it.FaultyApi.Fault.SLOW;
import static dev.hone.operator.it.FaultyApi.Fault.THROTTLED;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.it.FaultyApi.Call;
import dev.hone.operator.it.FaultyApi.Fault;
import dev.hone.operator.it.FaultyApi.Write;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * The operator where the API server, the network or the operator itself fails: a fixed enumeration,
 * and after each of it the same invariants.
 */
@WithApiServer
class FaultIT {

  /** Every kind of write on the way from a FineTuneJob to its artifact and to two Deployments. */
  static final Set<String> KINDS =
      Set.of(
          "PATCH finetunejobs",
          "PATCH finetunejobs/status",
          "PATCH configmaps",
          "POST jobs",
          "DELETE jobs",
          "POST events",
          "POST enginebuilds",
          "PATCH enginebuilds",
          "PATCH enginebuilds/status",
          "PATCH inferencedeployments/status",
          "PATCH deployments",
          "PATCH services");

  /** The first interval between two tries of the client; it doubles. */
  private static final Duration CLIENT_INTERVAL = Duration.ofMillis(100);

  private static String token = "";

  @BeforeAll
  static void makeServiceAccount(ApiServer server) {
    token = FaultStage.token(server);
  }

  @ParameterizedTest
  @EnumSource(mode = Mode.EXCLUDE, names = "DEATH")
  void theFirstWriteOfEachKindFails(Fault fault, ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      Set<String> met = ConcurrentHashMap.newKeySet();
      stage.api.plan(
          call -> {
            boolean first = call.write() && met.add(call.what());
            // A slow API server is slow in everything.
            return first || fault == SLOW ? fault : null;
          });
      live(stage);
      assertThat(met).isEqualTo(KINDS);
    }
  }

  /** The whole life of a run and of two deployments with one engine. */
  static void live(FaultStage stage) {
    Story story = new Story(stage);
    Node node = story.node();
    try {
      FineTuneJob trained = story.train();
      story.serve();
      story.delete(trained);
      story.stopServing();
      story.checkThatNothingIsLeft();
    } finally {
      stage.bench.client().resource(node).delete();
    }
  }

  @Test
  void aClientThatIsThrottledTriesAgainByItselfAndEverMoreSlowly(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, FaultStage.CLIENT_RETRIES)) {
      Map<String, AtomicInteger> met = new ConcurrentHashMap<>();
      stage.api.plan(
          call ->
              call.write()
                      && met.computeIfAbsent(call.what(), kind -> new AtomicInteger())
                              .incrementAndGet()
                          <= 2
                  ? THROTTLED
                  : null);
      new Story(stage).train();
      Map<String, List<Write>> byKind =
          stage.api.writes().stream().collect(Collectors.groupingBy(write -> write.call().what()));
      assertThat(byKind.keySet()).isEqualTo(met.keySet());
      assertThat(byKind)
          .allSatisfy(
              (kind, writes) -> {
                assertThat(pause(writes, 1)).as(kind).isGreaterThanOrEqualTo(CLIENT_INTERVAL);
                assertThat(pause(writes, 2))
                    .as(kind)
                    .isGreaterThanOrEqualTo(CLIENT_INTERVAL.multipliedBy(2));
              });
    }
  }

  private static Duration pause(List<Write> writes, int before) {
    return Duration.ofNanos(writes.get(before).nanos() - writes.get(before - 1).nanos());
  }

  /**
   * All resources go with their definitions, whose watches end; a client asks for them again after
   * 1 s, and ever more slowly, up to 32 s. What is written then is carried out as ever.
   */
  @Test
  void definitionsAreRemovedAndRestored(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      int watches = stage.api.watches();
      server.removeCrds();
      awaitWatches(stage, found -> found < watches);
      server.installCrds();
      awaitWatches(stage, found -> found == watches);
      live(stage);
    } finally {
      server.installCrds();
    }
  }

  private static void awaitWatches(FaultStage stage, IntPredicate wanted) {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!wanted.test(stage.api.watches())) {
      assertThat(System.nanoTime()).as("its watches change").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }

  /** Each write is two hours earlier or later than the one before. */
  @Test
  void theClockJumps(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      AtomicInteger jumps = new AtomicInteger();
      stage.api.plan(
          call -> {
            if (call.write()) {
              boolean ahead = jumps.getAndIncrement() % 2 == 0;
              stage.clock.moveTo(ahead ? Duration.ofHours(1) : Duration.ofHours(-1));
            }
            return null;
          });
      live(stage);
      assertThat(jumps.get()).isGreaterThanOrEqualTo(KINDS.size());
    }
  }

  /** One run for each point between two writes: the operator dies there, and another one starts. */
  @Test
  void theOperatorDiesBetweenAnyTwoWrites(ApiServer server) {
    int points = 0;
    while (diesBefore(points, server)) {
      points++;
    }
    // Finalizer, ConfigMap, Job, three states of the run with their events, its deletion.
    assertThat(points).isGreaterThanOrEqualTo(12);
  }

  /** Whether there was such a write. */
  private static boolean diesBefore(int write, ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      stage.api.dieBefore(write);
      Story story = new Story(stage);
      story.delete(story.train());
      boolean died = stage.died();
      story.checkThatNothingIsLeft();
      return died;
    }
  }

  /**
   * A leader that was cut off goes on for a while when it is back, and another one leads by then.
   */
  @Test
  void twoOperatorsAtOnceDoNoMoreThanOne(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0);
        RunningOperator other = stage.another()) {
      live(stage);
    }
  }

  enum Interruption {
    RESET,
    EXPIRED;

    void befall(FaultyApi api) {
      switch (this) {
        case RESET -> api.resetWatches();
        case EXPIRED -> api.expireWatches();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void watchesEndInTheMiddleOfARun(Interruption interruption, ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      Workbench bench = stage.bench;
      bench.apply(Workbench.FINE_TUNE);
      Job job = bench.job(Story.RUN);
      bench.fineTune(Story.RUN, fineTuneIs("Pending"));
      assertThat(stage.api.watches()).isPositive();
      interruption.befall(stage.api);
      // What happens before they are back must not be missed.
      Pod pod = stage.kubelet.podOf(job);
      stage.kubelet.running(pod, "trainer");
      bench.fineTune(Story.RUN, fineTuneIs("Running"));
      interruption.befall(stage.api);
      stage.kubelet.result(job, "result.finetune.json", "pvc://spam-filter/x", EngineIT.DIGEST_A);
      stage.kubelet.succeed(job);
      bench.fineTune(Story.RUN, fineTuneIs("Completed"));
      new Invariants(bench, stage.api::writes).check();
    }
  }

  @Test
  void aStaleCacheOfJobsMakesNoSecondOne(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      Workbench bench = stage.bench;
      stage.api.holdWatches("jobs");
      bench.apply(Workbench.FINE_TUNE);
      Job job = bench.job(Story.RUN);
      bench.fineTune(Story.RUN, fineTuneIs("Pending"));
      // It looks again, and its cache still has no Job.
      bench.patch(
          FineTuneJob.class,
          Story.RUN,
          "{\"spec\":{\"runPolicy\":{\"ttlSecondsAfterFinished\":3600}}}");
      FineTuneJob seen =
          bench.fineTune(
              Story.RUN,
              found ->
                  found
                      .getMetadata()
                      .getGeneration()
                      .equals(found.getStatus().observedGeneration()));
      assertThat(seen.getStatus().job().uid()).isEqualTo(job.getMetadata().getUid());
      assertThat(stage.api.writes())
          .extracting(Write::call)
          .filteredOn(call -> call.what().equals("POST jobs"))
          .hasSizeGreaterThan(1);
      new Invariants(bench, stage.api::writes).check();
      stage.api.releaseWatches();
      bench.await(
          Job.class,
          job.getMetadata().getName(),
          found -> found.getSpec().getTtlSecondsAfterFinished() != null);
    }
  }

  @Test
  void aConflictOverAJobThatIsNotThereIsTriedAgainAtOnce(ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      Set<Call> met = ConcurrentHashMap.newKeySet();
      stage.api.plan(call -> call.what().equals("POST jobs") && met.add(call) ? CONFLICT : null);
      stage.bench.apply(Workbench.FINE_TUNE, yaml -> yaml + "  runPolicy:\n    suspend: true\n");
      stage.bench.job(Story.RUN);
      stage.bench.fineTune(
          Story.RUN,
          found -> fineTuneIs("Suspended").test(found) && found.getStatus().job() != null);
    }
  }
}
