package dev.hone.operator.inference;

import dev.hone.api.common.ModelSource;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Autoscaling;
import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.InferenceDeploymentSpec;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.desired.ServerSettings;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.resolve.Unsupported;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an InferenceDeployment asks for.
 *
 * @param owner the resource
 * @param generation generation of its spec
 * @param model the model to serve
 * @param replicas number of pods, unless an autoscaler decides it
 * @param autoscaling how it follows the load; null if it does not
 * @param rollout how a new version takes over; null for pod by pod
 * @param engine how the model is executed
 * @param batching how requests are put together
 * @param resources what each pod asks for
 * @param podTemplate the user's template
 * @param unsupported what the spec asks for that has no executor yet, as a sentence
 */
public record InferenceView(
    Owner owner,
    long generation,
    ModelSource model,
    int replicas,
    @Nullable Autoscaling autoscaling,
    @Nullable Rollout rollout,
    @Nullable Engine engine,
    @Nullable Batching batching,
    @Nullable ServingResources resources,
    @Nullable PodTemplateSpec podTemplate,
    Optional<String> unsupported) {

  /** Whether pods stay unready instead of falling back to the CPU. */
  public boolean refusesCpu() {
    return engine != null && engine.refusesCpu();
  }

  /** The fewest pods that there are without a rollout. */
  int atLeast() {
    return autoscaling == null ? replicas : autoscaling.atLeast();
  }

  /** The same with a resource for GPUs, where the spec names none. */
  public InferenceView withGpuResource(String resource) {
    return resources == null
        ? this
        : new InferenceView(
            owner,
            generation,
            model,
            replicas,
            autoscaling,
            rollout,
            engine,
            batching,
            resources.withGpuResource(resource),
            podTemplate,
            unsupported);
  }

  /**
   * What pods serve, and as what they are made.
   *
   * @param model the model
   * @param image image of the server
   * @param pullPolicy its pull policy
   * @param version hash of the version, where a rollout has several side by side
   * @param engines the engines that the pods load
   */
  public Serving serving(
      ServedModel model,
      String image,
      String pullPolicy,
      @Nullable String version,
      List<PlacedEngine> engines) {
    return new Serving(
        owner,
        model,
        replicas,
        image,
        pullPolicy,
        resources,
        podTemplate,
        version,
        ServerSettings.of(engine, batching),
        engines);
  }

  /** The view of a resource. */
  public static InferenceView of(InferenceDeployment resource) {
    InferenceDeploymentSpec spec = resource.getSpec();
    return new InferenceView(
        Owner.of(resource),
        resource.getMetadata().getGeneration(),
        spec.model(),
        spec.replicas() == null ? 1 : spec.replicas(),
        spec.autoscaling(),
        spec.rollout(),
        spec.engine(),
        spec.batching(),
        spec.resources(),
        spec.podTemplate(),
        Unsupported.of(spec));
  }
}
