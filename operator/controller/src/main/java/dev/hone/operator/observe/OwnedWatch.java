package dev.hone.operator.observe;

import dev.hone.api.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Map;
import java.util.Set;

/**
 * Watches what was made for the resources of a kind: only objects with our label, found by the
 * resource's name in it.
 */
public final class OwnedWatch {

  private OwnedWatch() {}

  /** An event source for objects of a type that belong to resources of a kind. */
  public static <S extends HasMetadata, P extends HasMetadata> EventSource<?, P> of(
      Class<S> type, String kind, EventSourceContext<P> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(type, context.getPrimaryResourceClass())
            .withName("owned-" + type.getSimpleName())
            .withNamespacesInheritedFromController()
            .withLabelSelector(Labels.KIND + "=" + kind)
            .withSecondaryToPrimaryMapper(OwnedWatch::resource)
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
