package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.desired.RunService;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.observe.ClusterFacts;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Plans of runs on several nodes; golden/run/in-two-nodes.yaml reads models and data, and writes
 * results.
 */
class SharedRunTest {

  private static final ResolvedModel MODEL = new ResolvedModel("pvc://models/base", null, null);

  /** The access modes of a claim; NONE is a claim that does not exist. */
  enum Modes {
    NONE(),
    ONE_NODE("ReadWriteOnce"),
    ONE_POD("ReadWriteOncePod"),
    READERS("ReadOnlyMany"),
    READERS_OR_ONE("ReadWriteOnce", "ReadOnlyMany"),
    MANY("ReadWriteMany");

    private final List<String> modes;

    Modes(String... modes) {
      this.modes = List.of(modes);
    }

    boolean manyCanRead() {
      return this != ONE_NODE && this != ONE_POD;
    }

    boolean manyCanWrite() {
      return this == MANY || this == NONE;
    }
  }

  @Property
  void aRunOnSeveralNodesStartsIfAllOfThemCanMountWhatItNeeds(
      @ForAll Modes models,
      @ForAll Modes data,
      @ForAll Modes results,
      @ForAll @IntRange(min = 1, max = 3) int nodes) {
    RunView view = view(nodes);
    var facts = new Claims(Map.of("models", models, "data", data, "results", results));
    RunPlan plan = RunPlanner.plan(input(view, List.of(), List.of(), List.of(), facts));
    boolean fits =
        nodes == 1 || (models.manyCanRead() && data.manyCanRead() && results.manyCanWrite());
    assertThat(plan.actions().stream().anyMatch(RunAction.Start.class::isInstance)).isEqualTo(fits);
    assertThat(plan.state().reason()).isEqualTo(fits ? Reason.PENDING : Reason.VOLUME_NOT_SHARED);
    if (!fits) {
      assertThat(plan.state().message())
          .contains("ReadWriteMany", "spec.resources.nodes is " + nodes);
    }
  }

  @Property
  void theServiceIsThereAsLongAsItsJobNeedsIt(
      @ForAll @IntRange(min = 1, max = 3) int nodes,
      @ForAll boolean connected,
      @ForAll boolean finished) {
    RunView view = view(nodes);
    String hash = view.hash(MODEL);
    Job job = job(view, hash, finished);
    List<Service> services =
        connected ? List.of(new RunService(view.owner(), hash, job).build()) : List.of();
    RunPlan plan = RunPlanner.plan(input(view, List.of(job), List.of(), services, NONE));
    boolean made = plan.actions().contains(new RunAction.Connect(job, hash));
    assertThat(made).isEqualTo(nodes > 1 && !connected && !finished);
  }

  @Test
  void theServiceOfAnEarlierJobOfThatNameDoesNotCount() {
    RunView view = view(2);
    String hash = view.hash(MODEL);
    Job before =
        new JobBuilder(job(view, hash, false)).editMetadata().withUid("gone").endMetadata().build();
    Service stale = new RunService(view.owner(), hash, before).build();
    Job job = job(view, hash, false);
    assertThat(
            RunPlanner.plan(input(view, List.of(job), List.of(), List.of(stale), NONE)).actions())
        .contains(new RunAction.Connect(job, hash));
  }

  /** Every pod of every try of the group may fail before the Job is given up. */
  @Property
  void everyNodeHasItsTries(
      @ForAll @IntRange(min = 0, max = 100) int tries,
      @ForAll @IntRange(min = 1, max = 64) int nodes) {
    FineTuneJob resource = resource(nodes);
    resource =
        Serialization.unmarshal(
            Serialization.asYaml(resource).replace("backoffLimit: 1", "backoffLimit: " + tries),
            FineTuneJob.class);
    RunView view = FineTuneRuns.view(resource);
    int limit = job(view, "hash", false).getSpec().getBackoffLimit();
    int podsThatMayFail = limit + 1;
    assertThat(podsThatMayFail).isEqualTo((tries + 1) * nodes);
  }

  @Test
  void moreProcessesAreAnotherRun() {
    List<String> hashes = List.of(view(1).hash(MODEL), view(2).hash(MODEL), view(3).hash(MODEL));
    assertThat(hashes).doesNotHaveDuplicates();
  }

  @Test
  void itRunsOnceEveryPodDoes() {
    RunView view = view(2);
    Job job = job(view, view.hash(MODEL), false);
    assertThat(state(view, job, pod(job, 0, "Running", null)).message())
        .isEqualTo("1 of 2 pods of Job %s run".formatted(job.getMetadata().getName()));
    assertThat(
            state(view, job, pod(job, 0, "Running", null), pod(job, 1, "Running", null)).reason())
        .isEqualTo(Reason.RUNNING);
    // The second pod ends a moment before the first one.
    assertThat(
            state(view, job, pod(job, 0, "Running", null), pod(job, 1, "Succeeded", null)).reason())
        .isEqualTo(Reason.RUNNING);
  }

  @Test
  void theCauseIsToldWhicheverPodIsTheNewest() {
    RunView view = view(2);
    Job job = job(view, view.hash(MODEL), false);
    for (int cause : new int[] {0, 1}) {
      RunState state =
          state(
              view,
              job,
              pod(job, cause, "Failed", "Internal"),
              pod(job, 1 - cause, "Failed", "PeerLost"));
      assertThat(state.reason()).isEqualTo(Reason.RETRYING);
      assertThat(reasonOf(state)).isEqualTo("Internal");
    }
    // Nobody knows the cause: the node went away with the pod that had it.
    assertThat(reasonOf(state(view, job, pod(job, 0, "Failed", "PeerLost")))).isEqualTo("PeerLost");
  }

  private static String reasonOf(RunState state) {
    return Objects.requireNonNull(state.failure()).reason();
  }

  private static RunState state(RunView view, Job job, Pod... pods) {
    return RunPlanner.plan(input(view, List.of(job), List.of(pods), List.of(), NONE)).state();
  }

  private static RunInput input(
      RunView view, List<Job> jobs, List<Pod> pods, List<Service> services, ClusterFacts facts) {
    return new RunInput(
        view,
        new Resolution(Optional.of(MODEL), null, Reason.RESOLVED, "found"),
        new RunObservation(view.owner(), jobs, pods, List.of(), services, facts),
        RunStatus.empty(),
        Instant.EPOCH);
  }

  private static Job job(RunView view, String hash, boolean finished) {
    Job made =
        new RunJob(
                view.owner(),
                hash,
                "image",
                "Always",
                List.of(),
                List.of(),
                view.output(),
                view.resources(),
                view.policy(),
                view.queue(),
                null)
            .build();
    JobBuilder job = new JobBuilder(made).editMetadata().withUid("job-uid").endMetadata();
    if (finished) {
      job.withNewStatus()
          .addNewCondition()
          .withType("Complete")
          .withStatus("True")
          .endCondition()
          .endStatus();
    }
    return job.build();
  }

  private static Pod pod(Job job, int index, String phase, @Nullable String reason) {
    PodBuilder pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(job.getMetadata().getName() + "-" + index)
            .addToAnnotations("batch.kubernetes.io/job-completion-index", String.valueOf(index))
            .addNewOwnerReference()
            .withUid(job.getMetadata().getUid())
            .endOwnerReference()
            .endMetadata()
            .withNewSpec()
            .withNodeName("node")
            .endSpec()
            .withNewStatus()
            .withPhase(phase)
            .endStatus();
    if (reason != null) {
      pod.editStatus()
          .addNewContainerStatus()
          .withName("trainer")
          .withNewState()
          .withNewTerminated()
          .withExitCode(1)
          .withMessage("{\"reason\":\"%s\",\"message\":\"said so\"}".formatted(reason))
          .endTerminated()
          .endState()
          .endContainerStatus()
          .endStatus();
    }
    return pod.build();
  }

  private static RunView view(int nodes) {
    return FineTuneRuns.view(resource(nodes));
  }

  private static FineTuneJob resource(int nodes) {
    try {
      return Serialization.unmarshal(
          Files.readString(Path.of("src/test/resources/golden/run/in-two-nodes.yaml"))
              .replace("nodes: 2", "nodes: " + nodes),
          FineTuneJob.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final ClusterFacts NONE = new Claims(Map.of());

  private record Claims(Map<String, Modes> modes) implements EmptyCluster {
    @Override
    public Optional<PersistentVolumeClaim> claim(String name) {
      return Optional.ofNullable(modes.get(name))
          .filter(found -> found != Modes.NONE)
          .map(
              found ->
                  new PersistentVolumeClaimBuilder()
                      .withNewMetadata()
                      .withName(name)
                      .endMetadata()
                      .withNewSpec()
                      .withAccessModes(found.modes)
                      .endSpec()
                      .build());
    }
  }
}
