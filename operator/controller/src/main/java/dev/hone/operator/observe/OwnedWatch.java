package dev.hone.operator.observe;

import dev.hone.api.Labels;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Watches what was made for the resources of a kind: only objects with our label, found by the
 * resource's name in it.
 */
public final class OwnedWatch {

  private OwnedWatch() {}

  /** Event sources for everything that is made for the runs of a kind. */
  public static <P extends HasMetadata> List<EventSource<?, P>> ofRuns(
      String kind, EventSourceContext<P> context) {
    return List.of(
        of(Job.class, kind, context),
        of(Pod.class, kind, context),
        of(ConfigMap.class, kind, context),
        of(Service.class, kind, context));
  }

  /** An event source for objects of a type that belong to resources of a kind. */
  public static <S extends HasMetadata, P extends HasMetadata> EventSource<?, P> of(
      Class<S> type, String kind, EventSourceContext<P> context) {
    return of(type, kind, context, (now, before) -> true);
  }

  /**
   * The same, of changes that tell something.
   *
   * @param news whether an object, as it is and as it was, tells something new
   */
  public static <S extends HasMetadata, P extends HasMetadata> EventSource<?, P> of(
      Class<S> type, String kind, EventSourceContext<P> context, OnUpdateFilter<S> news) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(type, context.getPrimaryResourceClass())
            .withName("owned-" + type.getSimpleName())
            .withNamespacesInheritedFromController()
            .withLabelSelector(Labels.KIND + "=" + kind)
            .withSecondaryToPrimaryMapper(OwnedWatch::resource)
            .withOnUpdateFilter(news)
            .build(),
        context);
  }

  private static Set<ResourceID> resource(HasMetadata object) {
    Map<String, String> labels = object.getMetadata().getLabels();
    String name = labels == null ? null : labels.get(Labels.NAME);
    return name == null
        ? Set.of()
        : Set.of(new ResourceID(name, object.getMetadata().getNamespace()));
  }
}
