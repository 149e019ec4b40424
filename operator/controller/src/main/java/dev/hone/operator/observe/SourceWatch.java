package dev.hone.operator.observe;

import dev.hone.api.common.ModelSource;
import dev.hone.api.common.RunStatus;
import dev.hone.api.common.SourceKind;
import dev.hone.api.common.SourceReference;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.resolve.Source;
import dev.hone.operator.resolve.SourceCatalog;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.CustomResource;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Watches the resources that a kind refers to by {@code from}. A change of one of them wakes
 * exactly those that name it, found by an index; its progress alone wakes nobody.
 */
public final class SourceWatch<P extends HasMetadata> {

  private static final String INDEX = "hone-source";

  private final InformerEventSource<FineTuneJob, P> fineTuneJobs;
  private final InformerEventSource<CompressionJob, P> compressionJobs;

  /**
   * Creates the watch.
   *
   * @param context where the primary resources are
   * @param models the models that a primary resource names
   */
  public SourceWatch(EventSourceContext<P> context, Function<P, List<ModelSource>> models) {
    IndexerResourceCache<P> primaries = context.getPrimaryCache();
    primaries.addIndexer(
        INDEX,
        primary ->
            references(models.apply(primary))
                .map(from -> key(from.kind(), primary.getMetadata().getNamespace(), from.name()))
                .toList());
    fineTuneJobs = watch(FineTuneJob.class, SourceKind.FINE_TUNE_JOB, context, models);
    compressionJobs = watch(CompressionJob.class, SourceKind.COMPRESSION_JOB, context, models);
  }

  /** The event sources to register. */
  public List<EventSource<?, P>> eventSources() {
    return List.of(fineTuneJobs, compressionJobs);
  }

  /** The sources of a namespace. */
  public SourceCatalog catalog(String namespace) {
    return reference ->
        switch (reference.kind()) {
          case FINE_TUNE_JOB ->
              fineTuneJobs
                  .get(new ResourceID(reference.name(), namespace))
                  .filter(job -> !job.isMarkedForDeletion())
                  .map(job -> source(reference, job, List.of(job.getSpec().model())));
          case COMPRESSION_JOB ->
              compressionJobs
                  .get(new ResourceID(reference.name(), namespace))
                  .filter(job -> !job.isMarkedForDeletion())
                  .map(job -> source(reference, job, job.getSpec().models()));
        };
  }

  private static Source source(
      SourceReference reference, CustomResource<?, RunStatus> resource, List<ModelSource> models) {
    RunStatus status = resource.getStatus() == null ? RunStatus.empty() : resource.getStatus();
    return new Source(
        reference, resource.getMetadata().getGeneration(), status, references(models).toList());
  }

  private static <S extends CustomResource<?, RunStatus>, P extends HasMetadata>
      InformerEventSource<S, P> watch(
          Class<S> type,
          SourceKind kind,
          EventSourceContext<P> context,
          Function<P, List<ModelSource>> models) {
    IndexerResourceCache<P> primaries = context.getPrimaryCache();
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(type, context.getPrimaryResourceClass())
            .withName("source-" + kind.kind())
            .withNamespacesInheritedFromController()
            .withSecondaryToPrimaryMapper(
                source ->
                    primaries
                        .byIndex(
                            INDEX,
                            key(
                                kind,
                                source.getMetadata().getNamespace(),
                                source.getMetadata().getName()))
                        .stream()
                        .map(ResourceID::fromResource)
                        .collect(Collectors.toSet()))
            .<P>withPrimaryToSecondaryMapper(
                primary ->
                    references(models.apply(primary))
                        .filter(from -> from.kind() == kind)
                        .map(
                            from ->
                                new ResourceID(from.name(), primary.getMetadata().getNamespace()))
                        .collect(Collectors.toSet()))
            .withOnUpdateFilter((now, before) -> matters(now, before))
            .build(),
        context);
  }

  private static <S extends CustomResource<?, RunStatus>> boolean matters(S now, S before) {
    return !Objects.equals(now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
        || now.isMarkedForDeletion() != before.isMarkedForDeletion()
        || !Objects.equals(
            RunStatus.withoutProgress(now.getStatus()),
            RunStatus.withoutProgress(before.getStatus()));
  }

  private static Stream<SourceReference> references(List<ModelSource> models) {
    return models.stream().map(ModelSource::from).filter(Objects::nonNull);
  }

  private static String key(SourceKind kind, String namespace, String name) {
    return kind.kind() + "/" + namespace + "/" + name;
  }
}
