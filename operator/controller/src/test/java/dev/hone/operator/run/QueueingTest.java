package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.integration.QueueEntry;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Every combination of a queue wanted, a queue given, a pause, and what Kueue holds. */
class QueueingTest {

  private static final ResolvedModel MODEL = new ResolvedModel("pvc://models/base", null, null);

  /** What Kueue may hold about the Job. */
  enum Entry {
    NOT_INSTALLED(new QueueEntry.NotInstalled()),
    NOT_ALLOWED(new QueueEntry.NotAllowed()),
    MISSING(new QueueEntry.Missing()),
    ACTIVE(workload(true, false)),
    PAUSED(workload(false, true)),
    DEACTIVATED(workload(false, false));

    private final QueueEntry entry;

    Entry(QueueEntry entry) {
      this.entry = entry;
    }

    private static QueueEntry workload(boolean active, boolean paused) {
      return new QueueEntry.Workload(
          "kueue.x-k8s.io/v1beta1", "team", "w", active, paused, List.of());
    }
  }

  /** The queue that is named, by the resource or by the Job. */
  enum Named {
    NONE,
    GPUS,
    OTHERS
  }

  @Property
  void aJobInAQueueIsNeverStartedByUsAndAPlanThatWasCarriedOutIsNotRepeated(
      @ForAll Named wanted,
      @ForAll Named given,
      @ForAll boolean paused,
      @ForAll boolean suspended,
      @ForAll Entry entry) {
    RunView view = view(wanted, paused);
    Job job = job(view, given, suspended);
    Entry now = entry;
    int passes = 0;
    while (true) {
      assertThat(++passes).as("a plan comes to an end").isLessThan(5);
      RunPlan plan = plan(view, job, now);
      assertThat(plan.state().reason()).isEqualTo(expected(view, job, now));
      List<RunAction> actions =
          plan.actions().stream()
              .filter(action -> !(action instanceof RunAction.RestoreConfig))
              .toList();
      if (actions.isEmpty()) {
        break;
      }
      for (RunAction action : actions) {
        switch (action) {
          case RunAction.Patch patch -> {
            if (Boolean.FALSE.equals(patch.change().suspend())) {
              assertThat(Queue.of(job)).isEmpty();
              assertThat(view.queue()).isNull();
              assertThat(paused).isFalse();
            }
            if (patch.change().queue().changes()) {
              assertThat(job.getSpec().getSuspend()).as("Kueue refuses it otherwise").isTrue();
            }
            job = patched(job, patch.change());
          }
          case RunAction.Activate change -> {
            assertThat(change.active()).isEqualTo(!paused);
            assertThat(change.active() && now == Entry.DEACTIVATED).isFalse();
            now = change.active() ? Entry.ACTIVE : Entry.PAUSED;
          }
          default -> throw new AssertionError(action);
        }
      }
    }
    if (!suspended && !paused) {
      assertThat(job.getSpec().getSuspend()).as("what runs is left running").isFalse();
    }
    boolean held = job.getSpec().getSuspend() || now == Entry.PAUSED || now == Entry.DEACTIVATED;
    boolean cannot = Queue.of(job).isPresent() && now == Entry.NOT_ALLOWED;
    if (paused && !cannot) {
      assertThat(held).as("a pause holds").isTrue();
    }
  }

  private static Reason expected(RunView view, Job job, Entry entry) {
    boolean inQueue = Queue.of(job).isPresent();
    if (RunJob.suspend(view.policy())) {
      return inQueue && entry == Entry.NOT_ALLOWED ? Reason.PENDING : Reason.SUSPENDED;
    }
    return job.getSpec().getSuspend() && (inQueue || view.queue() != null)
        ? Reason.QUEUED
        : Reason.PENDING;
  }

  private static RunPlan plan(RunView view, Job job, Entry entry) {
    var facts =
        new EmptyCluster() {
          @Override
          public QueueEntry queueEntry(Job asked) {
            return entry.entry;
          }
        };
    return RunPlanner.plan(
        new RunInput(
            view,
            new Resolution(Optional.of(MODEL), null, Reason.RESOLVED, "found"),
            new RunObservation(view.owner(), List.of(job), List.of(), List.of(), List.of(), facts),
            RunStatus.empty(),
            Instant.EPOCH));
  }

  private static Job patched(Job job, RunAction.JobChange change) {
    JobBuilder builder = new JobBuilder(job);
    if (change.suspend() != null) {
      builder.editSpec().withSuspend(change.suspend()).endSpec();
    }
    if (change.queue().changes()) {
      Queue queue = change.queue().value();
      builder
          .editMetadata()
          .removeFromLabels("kueue.x-k8s.io/queue-name")
          .addToLabels(queue == null ? java.util.Map.of() : queue.labels())
          .endMetadata();
    }
    return builder.build();
  }

  private static Job job(RunView view, Named given, boolean suspended) {
    Job made =
        new RunJob(
                view.owner(),
                view.hash(MODEL),
                "image",
                "Always",
                List.of(),
                List.of(),
                view.output(),
                view.resources(),
                null,
                given == Named.NONE ? null : new Queue(given.name(), null),
                null)
            .build();
    return new JobBuilder(made)
        .editMetadata()
        .withUid("job-uid")
        .endMetadata()
        .editSpec()
        .withSuspend(suspended)
        .withBackoffLimit(RunJob.backoffLimit(view.policy(), view.resources()))
        .withActiveDeadlineSeconds(Objects.requireNonNull(view.policy()).activeDeadlineSeconds())
        .withTtlSecondsAfterFinished(view.policy().ttlSecondsAfterFinished())
        .endSpec()
        .build();
  }

  private static RunView view(Named wanted, boolean paused) {
    try {
      FineTuneJob resource =
          Serialization.unmarshal(
              Files.readString(Path.of("src/test/resources/golden/run/in-queue.yaml"))
                  .replace("suspend: false", "suspend: " + paused)
                  .replace(
                      "queue-name: gpus",
                      "queue-name: \"%s\"".formatted(wanted == Named.NONE ? "" : wanted)),
              FineTuneJob.class);
      return FineTuneRuns.view(resource);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
