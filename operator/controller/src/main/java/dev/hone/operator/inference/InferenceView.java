package dev.hone.operator.inference;

import dev.hone.api.common.ModelSource;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Autoscaling;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.InferenceDeploymentSpec;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.ServedModel;
import dev.hone.api.inference.Tracing;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PlacedEngine;
import dev.hone.operator.desired.PodAccess;
import dev.hone.operator.desired.ServerSettings;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.desired.ServingAccess;
import dev.hone.operator.desired.ServingImages;
import dev.hone.operator.desired.TritonSettings;
import dev.hone.operator.resolve.Unsupported;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What an InferenceDeployment asks for.
 *
 * @param owner the resource
 * @param generation generation of its spec
 * @param model the model to serve
 * @param backend what serves it
 * @param replicas number of pods, unless an autoscaler decides it
 * @param autoscaling how it follows the load; null if it does not
 * @param rollout how a new version takes over; null for pod by pod
 * @param engine how the model is executed
 * @param batching how requests are put together
 * @param resources what each pod asks for
 * @param podTemplate the user's template
 * @param access what clients need
 * @param tracing where traces go; null for nowhere
 * @param unsupported what the spec asks for that has no executor yet, as a sentence
 */
public record InferenceView(
    Owner owner,
    long generation,
    ModelSource model,
    Backend backend,
    int replicas,
    @Nullable Autoscaling autoscaling,
    @Nullable Rollout rollout,
    @Nullable Engine engine,
    @Nullable Batching batching,
    @Nullable ServingResources resources,
    @Nullable PodTemplateSpec podTemplate,
    ServingAccess access,
    @Nullable Tracing tracing,
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
            backend,
            replicas,
            autoscaling,
            rollout,
            engine,
            batching,
            resources.withGpuResource(resource),
            podTemplate,
            access,
            tracing,
            unsupported);
  }

  /**
   * What pods serve, and as what they are made.
   *
   * @param model the model
   * @param images the images of the pods
   * @param version hash of the version, where a rollout has several side by side
   * @param engines the engines that the pods load
   * @param podAccess what those need who send requests to the pods
   */
  public Serving serving(
      ServedModel model,
      ServingImages images,
      @Nullable String version,
      List<PlacedEngine> engines,
      PodAccess podAccess) {
    return new Serving(
        owner,
        model,
        replicas,
        backend,
        images,
        resources,
        podTemplate,
        version,
        switch (backend) {
          case SERVER -> ServerSettings.of(engine, batching);
          case TRITON -> TritonSettings.of(engine, batching, resources);
        },
        engines,
        podAccess,
        tracing);
  }

  /** The view of a resource. */
  public static InferenceView of(InferenceDeployment resource) {
    InferenceDeploymentSpec spec = resource.getSpec();
    return new InferenceView(
        Owner.of(resource),
        resource.getMetadata().getGeneration(),
        spec.model(),
        Objects.requireNonNullElse(spec.backend(), Backend.SERVER),
        spec.replicas() == null ? 1 : spec.replicas(),
        spec.autoscaling(),
        spec.rollout(),
        spec.engine(),
        spec.batching(),
        spec.resources(),
        spec.podTemplate(),
        new ServingAccess(spec.tls(), spec.apiKey()),
        spec.tracing(),
        Unsupported.of(spec));
  }
}
