package dev.hone.operator.compression;

import dev.hone.api.FieldManagers;
import dev.hone.api.compression.CompressionJob;
import dev.hone.operator.observe.OwnedWatch;
import dev.hone.operator.observe.SourceWatch;
import dev.hone.operator.observe.UnseenWatch;
import dev.hone.operator.resolve.SourceCatalog;
import dev.hone.operator.run.RunEngine;
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

/** Runs CompressionJobs and judges their results. */
@ControllerConfiguration(
    name = "compressionjob",
    fieldManager = FieldManagers.OPERATOR,
    triggerReconcilerOnAllEvents = true)
@GradualRetry(maxAttempts = -1, initialInterval = 500, intervalMultiplier = 2, maxInterval = 60_000)
public class CompressionJobReconciler implements Reconciler<CompressionJob> {

  private final RunEngine engine;
  private final CompressionStatusFactory statuses;
  private @Nullable SourceWatch<CompressionJob> sources;

  public CompressionJobReconciler(RunEngine engine, Clock clock) {
    this.engine = engine;
    this.statuses = new CompressionStatusFactory(clock);
  }

  @Override
  public List<EventSource<?, CompressionJob>> prepareEventSources(
      EventSourceContext<CompressionJob> context) {
    SourceWatch<CompressionJob> watch = new SourceWatch<>(context, job -> job.getSpec().models());
    sources = watch;
    List<EventSource<?, CompressionJob>> eventSources = new ArrayList<>(watch.eventSources());
    eventSources.addAll(OwnedWatch.ofRuns(CompressionJob.KIND, context));
    eventSources.add(new UnseenWatch<>(context));
    return eventSources;
  }

  @Override
  public UpdateControl<CompressionJob> reconcile(
      CompressionJob resource, Context<CompressionJob> context) {
    SourceCatalog catalog =
        Objects.requireNonNull(sources).catalog(resource.getMetadata().getNamespace());
    RunView view = CompressionRuns.view(resource, catalog);
    return engine.reconcile(
        resource,
        CompressionJob::new,
        view,
        catalog,
        (wanted, resolution, state, before) ->
            statuses.create(resource.getSpec(), wanted, resolution, state, before),
        context);
  }
}
