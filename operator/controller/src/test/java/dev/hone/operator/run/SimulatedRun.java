package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.Metrics;
import dev.hone.api.common.RunStatus;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.contract.ArtifactRef;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ContractVersion;
import dev.hone.contract.ResolvedModel;
import dev.hone.contract.RunResult;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.desired.RunConfigMap;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.desired.RunService;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.integration.QueueEntry;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A resource, its planner, and a cluster in memory that does what the plans say: what happens is
 * told by its methods, and a pass of the operator follows.
 */
final class SimulatedRun {

  private static final ResolvedModel MODEL = new ResolvedModel("pvc://models/base", null, null);
  private static final Clock CLOCK = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
  private static final int MOST_PASSES = 5;

  private final List<Job> jobs = new ArrayList<>();
  private final List<Pod> pods = new ArrayList<>();
  private final List<ConfigMap> configMaps = new ArrayList<>();
  private final List<Service> services = new ArrayList<>();
  private RunStatus status = RunStatus.empty();
  private Resolution resolution =
      new Resolution(Optional.of(MODEL), null, Reason.RESOLVED, "found");
  private Optional<Verdict> verdict = Optional.empty();
  private boolean suspend;
  private boolean cancel;
  private String queue = "";
  private int reruns;
  private int nodes = 1;
  private boolean shared = true;
  private boolean unsupported;
  private int made;
  private long seconds;

  /** Something happens, and the operator looks: what it does with the child Job. */
  String happens(Consumer<SimulatedRun> event) {
    List<Job> earlier = List.copyOf(jobs);
    event.accept(this);
    boolean lost = jobs.size() < earlier.size();
    List<RunAction> done = new ArrayList<>();
    for (int pass = 0; ; pass++) {
      RunPlan plan = RunPlanner.plan(input());
      plan.actions().forEach(this::carryOut);
      done.addAll(plan.actions());
      RunState state =
          jobs.stream()
              .filter(job -> job.getMetadata().getName().equals(jobName(plan.state())))
              .findFirst()
              .map(plan.state()::withJob)
              .orElse(plan.state());
      status =
          verdict
              .filter(given -> state.result() != null)
              .map(
                  given ->
                      new RunStatusFactory(CLOCK)
                          .create(view(), resolution, state, status, Optional.of(given)))
              .orElseGet(
                  () -> new RunStatusFactory(CLOCK).create(view(), resolution, state, status));
      if (plan.actions().isEmpty()) {
        return effect(earlier, lost, done);
      }
      if (pass == MOST_PASSES) {
        throw new AssertionError("the plans come to no end: " + plan.actions());
      }
    }
  }

  private String effect(List<Job> earlier, boolean lost, List<RunAction> done) {
    boolean started = done.stream().anyMatch(RunAction.Start.class::isInstance);
    boolean ended = done.stream().anyMatch(RunAction.End.class::isInstance);
    if (started) {
      if (ended) {
        return "replaced";
      }
      if (!earlier.isEmpty()) {
        return lost ? "created anew" : "created beside it";
      }
      return Boolean.TRUE.equals(jobs.getLast().getSpec().getSuspend())
          ? "created, suspended"
          : "created";
    }
    if (ended) {
      return "deleted";
    }
    return done.stream()
        .filter(RunAction.Patch.class::isInstance)
        .map(action -> ((RunAction.Patch) action).change().suspend())
        .filter(change -> change != null)
        .findFirst()
        .map(change -> change ? "suspended" : "resumed")
        .orElse(jobs.isEmpty() ? "none" : "kept");
  }

  /** The reason of the condition Ready. */
  String reason() {
    return ConditionSet.find(status.conditions(), "Ready").orElseThrow().getReason();
  }

  /**
   * Jobs that would go on for ever: neither finished, nor with a result, after which a pod exits.
   */
  List<String> jobsThatGoOn() {
    return jobs.stream()
        .filter(job -> !JobStates.isFinished(job) && !job.isMarkedForDeletion())
        .filter(job -> Boolean.FALSE.equals(job.getSpec().getSuspend()))
        .filter(
            job ->
                configMaps.stream()
                    .noneMatch(
                        result ->
                            result
                                .getMetadata()
                                .getName()
                                .equals(Names.resultConfigMap(view().owner().name(), hash(job)))))
        .map(job -> job.getMetadata().getName())
        .toList();
  }

  /** The most Jobs that there are of one hash. */
  long jobsOfOneHash() {
    return jobs.stream()
        .mapToLong(job -> jobs.stream().filter(other -> hash(other).equals(hash(job))).count())
        .max()
        .orElse(0);
  }

  void suspend(boolean wanted) {
    suspend = wanted;
  }

  void cancel(boolean wanted) {
    cancel = wanted;
  }

  void queue(String name) {
    queue = name;
  }

  void rerun() {
    reruns++;
    verdict = Optional.empty();
  }

  void nodes(int number, boolean claimIsShared) {
    nodes = number;
    shared = claimIsShared;
  }

  void resolve() {
    resolution = new Resolution(Optional.of(MODEL), null, Reason.RESOLVED, "found");
  }

  void unresolve() {
    resolution =
        new Resolution(
            Optional.empty(), "FineTuneJob base", Reason.REFERENCE_NOT_READY, "waits for it");
  }

  void referToItself() {
    resolution =
        new Resolution(
            Optional.empty(), "FineTuneJob base", Reason.REFERENCE_CYCLE, "refers to itself");
  }

  void askForTheUnknown() {
    unsupported = true;
  }

  void podRuns() {
    pods.removeIf(RunPods::isAlive);
    pod("Running", null, null);
  }

  void podFitsNoNode() {
    pod("Pending", null, null);
  }

  /** A pod fails with a reason of its own, or is evicted. */
  void podFails(@Nullable String reason) {
    pods.removeIf(RunPods::isAlive);
    pod("Failed", reason, reason == null ? "Evicted" : null);
  }

  void loseJob() {
    if (!jobs.isEmpty()) {
      jobs.removeLast();
    }
    pods.clear();
  }

  void markJobForDeletion() {
    change(job -> job.editMetadata().withDeletionTimestamp("1970-01-01T00:00:00Z").endMetadata());
  }

  void time(long passed) {
    seconds += passed;
  }

  void kueueSuspends(boolean suspended) {
    change(job -> job.editSpec().withSuspend(suspended).endSpec());
  }

  /** A Job that came into a queue and ran. */
  void kueueStops() {
    queue = "gpus";
    pods.clear();
    change(
        job ->
            job.editMetadata()
                .addToLabels(Labels.QUEUE, queue)
                .endMetadata()
                .editSpec()
                .withSuspend(true)
                .endSpec());
  }

  void jobFails(String reason) {
    pods.removeIf(RunPods::isAlive);
    finish("Failed", reason);
  }

  void jobCompletes() {
    pods.clear();
    finish("Complete", "CompletionsReached");
  }

  void result(boolean reused) {
    if (jobs.isEmpty()) {
      return;
    }
    Job job = jobs.getLast();
    RunResult result =
        new RunResult(
            ContractVersion.V1,
            hash(job),
            reused,
            new ArtifactRef("pvc://a/b", "sha256:" + "a".repeat(64), 1),
            new Metrics(null, null, null),
            null,
            null,
            List.of(),
            null,
            null,
            List.of(),
            List.of(),
            List.of());
    configMaps.add(
        new ConfigMapBuilder()
            .withNewMetadata()
            .withName(Names.resultConfigMap(view().owner().name(), hash(job)))
            .withOwnerReferences(view().owner().reference())
            .endMetadata()
            .withData(Map.of(Names.RESULT_KEY, ContractJson.write(result)))
            .build());
  }

  void result(Verdict.Answer answer) {
    result(false);
    judge(answer);
  }

  void judge(Verdict.Answer answer) {
    verdict = Optional.of(new Verdict(answer, Reason.GATE_NOT_MET, "the gate says so"));
  }

  private void carryOut(RunAction action) {
    switch (action) {
      case RunAction.Start start -> {
        Job job =
            new RunJob(
                    view().owner(),
                    start.hash(),
                    "image",
                    "Always",
                    List.of(),
                    List.of(),
                    view().output(),
                    view().resources(),
                    view().policy(),
                    view().queue(),
                    null)
                .build();
        jobs.add(
            new JobBuilder(job)
                .editMetadata()
                .withUid("job-" + ++made)
                .endMetadata()
                .withNewStatus()
                .withStartTime(
                    Boolean.TRUE.equals(job.getSpec().getSuspend())
                        ? null
                        : CLOCK.instant().plusSeconds(seconds).toString())
                .endStatus()
                .build());
        config(start.hash());
        connect(jobs.getLast(), start.hash());
      }
      case RunAction.RestoreConfig restore -> config(restore.hash());
      case RunAction.Connect connect -> connect(connect.job(), connect.hash());
      case RunAction.End end -> {
        jobs.remove(end.job());
        pods.removeIf(pod -> owns(end.job(), pod));
      }
      case RunAction.Patch patch -> {
        RunAction.JobChange change = patch.change();
        change(
            job -> {
              if (change.suspend() != null) {
                job.editSpec().withSuspend(change.suspend()).endSpec();
              }
              if (change.queue().changes()) {
                Queue to = change.queue().value();
                job.editMetadata()
                    .removeFromLabels(Labels.QUEUE)
                    .addToLabels(to == null ? Map.of() : to.labels())
                    .endMetadata();
              }
              return job;
            });
      }
      case RunAction.Activate _ -> throw new AssertionError("there is no Kueue here");
    }
  }

  private void change(java.util.function.UnaryOperator<JobBuilder> how) {
    if (!jobs.isEmpty()) {
      jobs.add(how.apply(new JobBuilder(jobs.removeLast())).build());
    }
  }

  private void finish(String type, String reason) {
    change(
        job ->
            job.withNewStatus()
                .withFailed(1)
                .addNewCondition()
                .withType(type)
                .withStatus("True")
                .withReason(reason)
                .withMessage("said by the test")
                .endCondition()
                .endStatus());
  }

  private void config(String hash) {
    configMaps.add(new RunConfigMap(view().owner(), hash, "{}", "CA").build());
  }

  private void connect(Job job, String hash) {
    if (nodes > 1) {
      services.add(new RunService(view().owner(), hash, job).build());
    }
  }

  private void pod(String phase, @Nullable String reason, @Nullable String podReason) {
    if (jobs.isEmpty()) {
      return;
    }
    Job job = jobs.getLast();
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withCreationTimestamp(CLOCK.instant().plusSeconds(seconds).toString())
            .withName(job.getMetadata().getName() + "-" + ++made)
            .addNewOwnerReference()
            .withUid(job.getMetadata().getUid())
            .endOwnerReference()
            .endMetadata()
            .withNewSpec()
            .endSpec()
            .withNewStatus()
            .withPhase(phase)
            .withReason(podReason)
            .endStatus();
    if (reason != null) {
      pod.editStatus()
          .addNewContainerStatus()
          .withName(Names.TRAINER_CONTAINER)
          .withNewState()
          .withNewTerminated()
          .withExitCode(1)
          .withMessage("{\"reason\":\"%s\",\"message\":\"said so\"}".formatted(reason))
          .endTerminated()
          .endState()
          .endContainerStatus()
          .endStatus();
    }
    pods.add(pod.build());
  }

  private static boolean owns(Job job, Pod pod) {
    return pod.getMetadata()
        .getOwnerReferences()
        .getFirst()
        .getUid()
        .equals(job.getMetadata().getUid());
  }

  private static String hash(Job job) {
    return Objects.requireNonNull(job.getMetadata().getLabels().get(Labels.SPEC_HASH));
  }

  private @Nullable String jobName(RunState state) {
    return state.hash() == null ? null : Names.job(view().owner().name(), state.hash());
  }

  private RunInput input() {
    return new RunInput(
        view(),
        resolution,
        new RunObservation(
            view().owner(),
            List.copyOf(jobs),
            List.copyOf(pods),
            List.copyOf(configMaps),
            List.copyOf(services),
            new Cluster()),
        status,
        CLOCK.instant().plusSeconds(seconds));
  }

  private RunView view() {
    RunView view = FineTuneRuns.view(resource());
    return new RunView(
        view.owner(),
        view.plural(),
        view.self(),
        view.generation(),
        view.model(),
        view.others(),
        view.data(),
        view.secrets(),
        view.output(),
        view.deletionPolicy(),
        view.resources(),
        view.policy(),
        view.queue(),
        view.podTemplate(),
        reruns == 0 ? null : "rerun " + reruns,
        unsupported ? Optional.of("write something else") : Optional.empty(),
        view.liteRt(),
        view.image(),
        view.config(),
        view.effective());
  }

  private FineTuneJob resource() {
    try {
      return Serialization.unmarshal(
          Files.readString(Path.of("src/test/resources/golden/run/in-queue.yaml"))
              .replace("suspend: false", "suspend: " + suspend + ", cancel: " + cancel)
              .replace("backoffLimit: 1", "backoffLimit: 1, pendingDeadlineSeconds: 600")
              .replace("gpus: 1", "gpus: 1, nodes: " + nodes)
              .replace("queue-name: gpus", "queue-name: \"" + queue + "\""),
          FineTuneJob.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Cluster implements EmptyCluster {
    @Override
    public Optional<PersistentVolumeClaim> claim(String name) {
      return Optional.of(
          new PersistentVolumeClaimBuilder()
              .withNewMetadata()
              .withName(name)
              .endMetadata()
              .withNewSpec()
              .withAccessModes(shared ? "ReadWriteMany" : "ReadWriteOnce")
              .endSpec()
              .build());
    }

    @Override
    public QueueEntry queueEntry(Job job) {
      return new QueueEntry.Missing();
    }
  }
}
