package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.RunStatus;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.integration.QueueEntry;
import dev.hone.operator.observe.ClusterFacts;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;

/**
 * Whatever is there, a plan makes at most one Job, never one that exists, and ends only what is not
 * wanted.
 */
class RunPlannerPropertyTest {

  private static final ResolvedModel MODEL = new ResolvedModel("pvc://a/b", null, null);

  /** What may stand under a Job's name. */
  enum Found {
    NOTHING,
    NEW,
    RUNNING,
    COMPLETE,
    FAILED,
    DELETING,
    FOREIGN
  }

  @Property(tries = 500)
  void aPlanStartsOnlyWhatIsMissingAndEndsOnlyWhatIsNotWanted(
      @ForAll Found wanted,
      @ForAll Found other,
      @ForAll boolean resolved,
      @ForAll boolean recorded) {
    RunView view = FineTuneRuns.view(resource());
    String hash = view.hash(MODEL);
    List<Job> jobs = new ArrayList<>();
    job(view, hash, wanted).ifPresent(jobs::add);
    job(view, "another", other).ifPresent(jobs::add);
    RunInput input = input(view, jobs, resolved, recorded ? hash : null);
    RunPlan plan = RunPlanner.plan(input);

    assertThat(RunPlanner.plan(input)).isEqualTo(plan);
    List<RunAction> starts =
        plan.actions().stream().filter(RunAction.Start.class::isInstance).toList();
    boolean mayStart = resolved && wanted == Found.NOTHING;
    assertThat(starts).hasSize(mayStart ? 1 : 0);
    List<String> ended =
        plan.actions().stream()
            .filter(RunAction.End.class::isInstance)
            .map(action -> ((RunAction.End) action).job().getMetadata().getName())
            .toList();
    boolean follows = resolved || recorded;
    boolean goesOn = Set.of(Found.NEW, Found.RUNNING).contains(other);
    assertThat(ended)
        .isEqualTo(
            follows && goesOn ? List.of(Names.job(view.owner().name(), "another")) : List.of());
    if (!follows) {
      assertThat(plan.state().reason()).isEqualTo(Reason.WAITING_FOR_REFERENCE);
    }
  }

  @Property(tries = 100)
  void onceTheJobIsThereASecondPassDoesNothing(@ForAll boolean recorded) {
    RunView view = FineTuneRuns.view(resource());
    String hash = view.hash(MODEL);
    RunPlan first = RunPlanner.plan(input(view, List.of(), true, null));
    assertThat(first.actions()).containsExactly(new RunAction.Start(hash));
    List<Job> made = job(view, hash, Found.NEW).map(List::of).orElseThrow();
    RunPlan second = RunPlanner.plan(input(view, made, true, recorded ? hash : null));
    // The ConfigMap is not in this observation, so that it alone is made again.
    assertThat(second.actions()).containsExactly(new RunAction.RestoreConfig(hash));
    assertThat(second.state().reason()).isEqualTo(Reason.PENDING);
  }

  private static RunInput input(
      RunView view, List<Job> jobs, boolean resolved, @Nullable String recordedHash) {
    RunStatus before =
        recordedHash == null
            ? RunStatus.empty()
            : RunStatus.empty().toBuilder()
                .job(new JobReference(Names.job("spam-lora", recordedHash), "uid", recordedHash))
                .build();
    Resolution resolution =
        resolved
            ? new Resolution(Optional.of(MODEL), null, Reason.RESOLVED, "found")
            : ModelResolver.resolve(
                "team",
                null,
                dev.hone.api.common.ModelSource.ofReference(
                    dev.hone.api.common.SourceKind.FINE_TUNE_JOB, "missing"),
                reference -> Optional.empty());
    return new RunInput(
        view,
        resolution,
        new RunObservation(
            view.owner(), jobs, List.of(), List.<ConfigMap>of(), List.of(), new NoFacts()),
        before,
        Instant.EPOCH);
  }

  private static Optional<Job> job(RunView view, String hash, Found found) {
    if (found == Found.NOTHING) {
      return Optional.empty();
    }
    Owner owner =
        found == Found.FOREIGN
            ? new Owner("FineTuneJob", "team", view.owner().name(), "somebody-else")
            : view.owner();
    Job job =
        new RunJob(
                owner,
                hash,
                "image",
                "Always",
                List.of(),
                List.of(),
                "pvc://a/b",
                null,
                null,
                null,
                null)
            .build();
    JobBuilder builder = new JobBuilder(job).editMetadata().withUid("uid-" + hash).endMetadata();
    switch (found) {
      case COMPLETE -> condition(builder, "Complete");
      case FAILED -> condition(builder, "Failed");
      case DELETING ->
          builder.editMetadata().withDeletionTimestamp("2026-01-01T00:00:00Z").endMetadata();
      default -> {}
    }
    return Optional.of(builder.build());
  }

  private static void condition(JobBuilder job, String type) {
    job.withNewStatus()
        .addNewCondition()
        .withType(type)
        .withStatus("True")
        .endCondition()
        .endStatus();
  }

  private static FineTuneJob resource() {
    try {
      return Serialization.unmarshal(
          Files.readString(Path.of("src/test/resources/golden/run/in-finetune.yaml")),
          FineTuneJob.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record NoFacts() implements ClusterFacts {
    @Override
    public List<Node> nodes() {
      throw new AssertionError("asked although every pod is scheduled");
    }

    @Override
    public List<Pod> podsWithDevices() {
      throw new AssertionError("asked although every pod is scheduled");
    }

    @Override
    public List<Warning> warnings(HasMetadata object) {
      return List.of();
    }

    @Override
    public QueueEntry queueEntry(Job job) {
      throw new AssertionError("asked although there is no queue");
    }

    @Override
    public Optional<PersistentVolumeClaim> claim(String name) {
      throw new AssertionError("asked although every pod is scheduled");
    }
  }
}
