package dev.hone.operator.inference;

import dev.hone.api.engine.EngineBuild;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Serving;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Watches the engines that deployments use: each may have several users. */
final class EngineWatch {

  private EngineWatch() {}

  /** An event source for the EngineBuilds of each deployment, by their owners. */
  static EventSource<?, InferenceDeployment> of(EventSourceContext<InferenceDeployment> context) {
    return new InformerEventSource<>(
        InformerEventSourceConfiguration.from(EngineBuild.class, InferenceDeployment.class)
            .withName("engines")
            .withNamespacesInheritedFromController()
            .withSecondaryToPrimaryMapper(EngineWatch::users)
            .build(),
        context);
  }

  /** The keys of the engines that a deployment uses. */
  static List<String> keys(Context<InferenceDeployment> context) {
    return context.getSecondaryResources(EngineBuild.class).stream()
        .map(build -> build.getMetadata().getName())
        .sorted()
        .toList();
  }

  /** The keys of the engines that the pods of a Deployment were made for. */
  static Set<String> placed(Deployment deployment) {
    var metadata = deployment.getSpec().getTemplate().getMetadata();
    Map<String, String> annotations =
        metadata == null || metadata.getAnnotations() == null
            ? Map.of()
            : metadata.getAnnotations();
    String keys = annotations.get(Serving.ENGINES_ANNOTATION);
    return keys == null ? Set.of() : Set.of(keys.split(","));
  }

  private static Set<ResourceID> users(EngineBuild build) {
    return build.getMetadata().getOwnerReferences().stream()
        .filter(reference -> InferenceDeployment.KIND.equals(reference.getKind()))
        .map(reference -> new ResourceID(reference.getName(), build.getMetadata().getNamespace()))
        .collect(Collectors.toSet());
  }
}
