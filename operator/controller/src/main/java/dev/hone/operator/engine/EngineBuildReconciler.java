package dev.hone.operator.engine;

import dev.hone.api.ConditionTypes;
import dev.hone.api.FieldManagers;
import dev.hone.api.HoneApi;
import dev.hone.api.Reason;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineBuildStatus;
import dev.hone.operator.desired.EngineJob;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.error.ApiRefusal;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.observe.LiveClusterFacts;
import dev.hone.operator.observe.OwnedWatch;
import dev.hone.operator.observe.RecentAnswers;
import dev.hone.operator.observe.UnseenWatch;
import dev.hone.operator.run.DeletionJobPlanner;
import dev.hone.operator.run.RunPods;
import dev.hone.operator.status.ConditionSet;
import dev.hone.operator.status.StatusWriter;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Has engines built: one Job for each EngineBuild; and deleted, once nobody needs them. Who needs
 * one stands in its owner references, whose change is no new generation.
 */
@ControllerConfiguration(
    name = "enginebuild",
    fieldManager = FieldManagers.OPERATOR,
    generationAwareEventProcessing = false,
    triggerReconcilerOnAllEvents = true)
@GradualRetry(maxAttempts = -1, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
public class EngineBuildReconciler implements Reconciler<EngineBuild> {

  /** When to look again at what no event tells about: free GPUs. */
  private static final Duration LOOK_AGAIN = Duration.ofSeconds(15);

  private final EngineSettings settings;
  private final EventRecorder events;
  private final Clock clock;
  private final EngineDeletion deletion;
  private final EngineEviction eviction;
  private final RecentAnswers recent = new RecentAnswers();

  public EngineBuildReconciler(
      EngineSettings settings, EventRecorder events, EngineListener listener, Clock clock) {
    this.settings = settings;
    this.events = events;
    this.clock = clock;
    this.deletion = new EngineDeletion(settings, events);
    this.eviction = new EngineEviction(settings.unused(), listener, clock);
  }

  @Override
  public List<EventSource<?, EngineBuild>> prepareEventSources(
      EventSourceContext<EngineBuild> context) {
    return List.of(
        OwnedWatch.of(Job.class, EngineBuild.KIND, context),
        OwnedWatch.of(Pod.class, EngineBuild.KIND, context),
        new UnseenWatch<>(context));
  }

  @Override
  public UpdateControl<EngineBuild> reconcile(EngineBuild resource, Context<EngineBuild> context) {
    if (context.isPrimaryResourceDeleted()) {
      return UpdateControl.noUpdate();
    }
    Owner owner = Owner.of(resource);
    EngineBuildStatus before =
        Objects.requireNonNullElseGet(resource.getStatus(), EngineBuildStatus::empty);
    EngineObservation observed = observe(owner, context);
    if (resource.isMarkedForDeletion()) {
      return deletion
          .run(resource, observed, context)
          .map(rest -> write(resource, before, rest.plan(), rest.again(), context))
          .orElseGet(UpdateControl::noUpdate);
    }
    context.resourceOperations().addFinalizer(HoneApi.ENGINE_FINALIZER);
    EngineBuildPlan plan =
        EngineBuildPlanner.plan(owner.name(), resource.getSpec(), before, observed);
    try {
      plan = execute(plan, resource, owner, observed, context.getClient());
    } catch (KubernetesClientException e) {
      Optional<EngineBuildPlan> refused = refused(plan, e);
      if (refused.isEmpty()) {
        return UpdateControl.noUpdate();
      }
      plan = refused.get();
    }
    Optional<Duration> again =
        plan.reason() == Reason.PENDING ? Optional.of(LOOK_AGAIN) : Optional.empty();
    return write(resource, before, plan, again, context);
  }

  private UpdateControl<EngineBuild> write(
      EngineBuild resource,
      EngineBuildStatus before,
      EngineBuildPlan plan,
      Optional<Duration> again,
      Context<EngineBuild> context) {
    EngineBuildStatus now = status(resource, plan, before);
    StatusWriter.Outcome outcome =
        StatusWriter.write(context, resource, new EngineBuild(), before, now);
    if (outcome != StatusWriter.Outcome.UNCHANGED) {
      events.transition(context.getClient(), resource, before.conditions(), now.conditions());
    }
    UpdateControl<EngineBuild> control = UpdateControl.noUpdate();
    if (outcome == StatusWriter.Outcome.OVERTAKEN) {
      return control.rescheduleAfter(Duration.ZERO);
    }
    Optional<Duration> due =
        now.unusedSince() == null || resource.isMarkedForDeletion()
            ? Optional.empty()
            : eviction.evict(resource, now, context);
    Stream.concat(again.stream(), due.stream())
        .min(Comparator.naturalOrder())
        .ifPresent(control::rescheduleAfter);
    return control;
  }

  private EngineObservation observe(Owner owner, Context<EngineBuild> context) {
    Optional<Job> job =
        context.getSecondaryResources(Job.class).stream().filter(owner::owns).findFirst();
    List<Pod> pods =
        job.map(found -> RunPods.of(found, context.getSecondaryResources(Pod.class)))
            .orElse(List.of());
    Optional<Job> deletion =
        DeletionJobPlanner.find(
            context.getSecondaryResources(Job.class), EngineDeletionPlanner.name(owner));
    List<Pod> deleting =
        deletion
            .map(found -> RunPods.of(found, context.getSecondaryResources(Pod.class)))
            .orElse(List.of());
    return new EngineObservation(
        job,
        pods,
        new EngineObservation.Deletion(deletion, deleting),
        new LiveClusterFacts(context.getClient(), owner.namespace(), recent, clock));
  }

  private EngineBuildPlan execute(
      EngineBuildPlan plan,
      EngineBuild resource,
      Owner owner,
      EngineObservation observed,
      KubernetesClient client) {
    return switch (plan.action()) {
      case NONE -> plan;
      case START_AGAIN -> {
        observed
            .job()
            .ifPresent(
                job ->
                    client
                        .resource(job)
                        .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                        .delete());
        yield plan;
      }
      case START -> start(plan, resource, owner, client);
    };
  }

  private EngineBuildPlan start(
      EngineBuildPlan plan, EngineBuild resource, Owner owner, KubernetesClient client) {
    Job desired =
        new EngineJob(owner, resource.getSpec(), settings.image(), settings.pullPolicy()).build();
    try {
      client.resource(desired).create();
      return plan;
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      Job found = client.resource(desired).get();
      if (found == null) {
        // It has just gone: the next try makes ours.
        throw e;
      }
      return inTheWay(plan, owner, found, client);
    }
  }

  private static EngineBuildPlan inTheWay(
      EngineBuildPlan plan, Owner owner, Job found, KubernetesClient client) {
    if (owner.owns(found)) {
      // Made by ourselves, before a restart or before the cache saw it.
      return plan;
    }
    String name = found.getMetadata().getName();
    if (!found.isMarkedForDeletion()) {
      if (!isOfPredecessor(found, owner)) {
        return plan.as(
            Reason.INVALID,
            "Job %s is in the way: it belongs to something else; delete it".formatted(name));
      }
      // Its pods go first: two builders must not write one engine.
      client.resource(found).withPropagationPolicy(DeletionPropagation.FOREGROUND).delete();
    }
    return plan.as(
        Reason.PENDING,
        "waits until Job %s of an earlier EngineBuild of this key is gone".formatted(name));
  }

  private static boolean isOfPredecessor(HasMetadata job, Owner owner) {
    return job.getMetadata().getOwnerReferences().stream()
        .filter(reference -> Boolean.TRUE.equals(reference.getController()))
        .anyMatch(
            reference ->
                reference.getKind().equals(owner.kind())
                    && reference.getName().equals(owner.name()));
  }

  /** The plan after a refusal; empty if the namespace is going away and nothing is left to say. */
  private static Optional<EngineBuildPlan> refused(
      EngineBuildPlan plan, KubernetesClientException error) {
    ApiRefusal refusal = ApiRefusal.of(error).orElseThrow(() -> error);
    String sentence = "the API server refuses the Job: " + refusal.message();
    return refusal.reason().map(reason -> plan.as(reason, sentence));
  }

  private EngineBuildStatus status(
      EngineBuild resource, EngineBuildPlan plan, EngineBuildStatus before) {
    long generation = resource.getMetadata().getGeneration();
    return new EngineBuildStatus(
        generation,
        new ConditionSet(clock, generation, before.conditions())
            .set(ConditionTypes.READY, plan.ready(), plan.reason(), plan.message())
            .build(),
        plan.engine(),
        plan.failure(),
        resource.getSpec().target().words(),
        EngineEviction.isUnused(resource)
            ? Objects.requireNonNullElseGet(before.unusedSince(), this::now)
            : null);
  }

  /** Finer than seconds, in which two engines may be let go. */
  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.MILLIS).toString();
  }
}
