package dev.hone.operator.engine;

import dev.hone.api.HoneApi;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.DeletionJob;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.run.DeletionExecutor;
import dev.hone.operator.run.DeletionStep;
import dev.hone.operator.run.LiveDeletionFacts;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.time.Duration;
import java.util.Optional;

/** Deletes the files of an engine before its EngineBuild goes. */
final class EngineDeletion {

  /** When to look again at what no event tells about: the last pods that load it, a quota. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);

  private final EngineSettings settings;
  private final EventRecorder events;

  EngineDeletion(EngineSettings settings, EventRecorder events) {
    this.settings = settings;
    this.events = events;
  }

  /**
   * What is left to say and to wait for.
   *
   * @param plan the state
   * @param again when to look again; empty if an event tells
   */
  record Rest(EngineBuildPlan plan, Optional<Duration> again) {}

  /** One pass over an EngineBuild that is being deleted; empty if nothing is left to say. */
  Optional<Rest> run(
      EngineBuild resource, EngineObservation observed, Context<EngineBuild> context) {
    if (!resource.hasFinalizer(HoneApi.ENGINE_FINALIZER)) {
      return Optional.empty();
    }
    Owner owner = Owner.of(resource);
    KubernetesClient client = context.getClient();
    DeletionExecutor<EngineBuild> executor =
        new DeletionExecutor<>(resource, HoneApi.ENGINE_FINALIZER, events, context);
    DeletionStep planned =
        EngineDeletionPlanner.plan(
            owner,
            resource.getSpec(),
            isNeeded(resource, client),
            observed,
            new LiveDeletionFacts(client, owner));
    DeletionStep step =
        planned instanceof DeletionStep.Start start
            ? executor.start(
                job(resource, owner),
                start,
                "the files of " + Names.engineUri(resource.getSpec().model().uri(), owner.name()))
            : planned;
    return switch (step) {
      case DeletionStep.LetGo letGo -> {
        executor.letGo(letGo, EngineDeletionPlanner.name(owner));
        yield Optional.empty();
      }
      case DeletionStep.Gone _ -> Optional.empty();
      case DeletionStep.EndRuns end -> {
        executor.end(end);
        yield say(end.message(), Optional.empty());
      }
      case DeletionStep.Await await -> say(await.message(), Optional.empty());
      case DeletionStep.Start start -> say(start.message(), Optional.empty());
      case DeletionStep.LookAgain again -> say(again.message(), Optional.of(LOOK_AGAIN));
    };
  }

  private Job job(EngineBuild resource, Owner owner) {
    return DeletionJob.ofEngine(owner, resource.getSpec(), settings.image(), settings.pullPolicy())
        .build();
  }

  private static Optional<Rest> say(String message, Optional<Duration> again) {
    return Optional.of(
        new Rest(EngineBuildPlan.of(EngineBuildPlan.Action.NONE, Reason.DELETING, message), again));
  }

  /** Whether one of its users is there, and about to stay. */
  private static boolean isNeeded(EngineBuild resource, KubernetesClient client) {
    return resource.getMetadata().getOwnerReferences().stream()
        .filter(reference -> InferenceDeployment.KIND.equals(reference.getKind()))
        .anyMatch(reference -> stays(resource, reference, client));
  }

  private static boolean stays(
      EngineBuild resource, OwnerReference reference, KubernetesClient client) {
    InferenceDeployment user =
        client
            .resources(InferenceDeployment.class)
            .inNamespace(resource.getMetadata().getNamespace())
            .withName(reference.getName())
            .get();
    return user != null
        && !user.isMarkedForDeletion()
        && reference.getUid().equals(user.getMetadata().getUid());
  }
}
