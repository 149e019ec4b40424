package dev.hone.operator.finetune;

import dev.hone.api.FieldManagers;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.observe.OwnedWatch;
import dev.hone.operator.observe.SourceWatch;
import dev.hone.operator.observe.UnseenWatch;
import dev.hone.operator.run.RunEngine;
import dev.hone.operator.run.RunStatusFactory;
import dev.hone.operator.run.RunView;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Runs FineTuneJobs. */
@ControllerConfiguration(
    name = "finetunejob",
    fieldManager = FieldManagers.OPERATOR,
    triggerReconcilerOnAllEvents = true)
@GradualRetry(maxAttempts = -1, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
public class FineTuneJobReconciler implements Reconciler<FineTuneJob> {

  private final RunEngine engine;
  private final RunStatusFactory statuses;
  private @Nullable SourceWatch<FineTuneJob> sources;

  public FineTuneJobReconciler(RunEngine engine, Clock clock) {
    this.engine = engine;
    this.statuses = new RunStatusFactory(clock);
  }

  @Override
  public List<EventSource<?, FineTuneJob>> prepareEventSources(
      EventSourceContext<FineTuneJob> context) {
    SourceWatch<FineTuneJob> watch =
        new SourceWatch<>(context, job -> List.of(job.getSpec().model()));
    sources = watch;
    List<EventSource<?, FineTuneJob>> eventSources = new ArrayList<>(watch.eventSources());
    eventSources.addAll(OwnedWatch.ofRuns(FineTuneJob.KIND, context));
    eventSources.add(new UnseenWatch<>(context));
    return eventSources;
  }

  @Override
  public UpdateControl<FineTuneJob> reconcile(FineTuneJob resource, Context<FineTuneJob> context) {
    RunView view = FineTuneRuns.view(resource);
    return engine.reconcile(
        resource,
        FineTuneJob::new,
        view,
        Objects.requireNonNull(sources).catalog(view.owner().namespace()),
        statuses::create,
        context);
  }
}
