package dev.hone.operator.inference;

import dev.hone.api.Reason;
import dev.hone.api.common.ExportSummary;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.ServedModel;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.desired.ServingDisruptionBudget;
import dev.hone.operator.resolve.Resolution;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides what is served. Pure: the same input always gives the same plan. */
public final class InferencePlanner {

  private static final String NVIDIA = "nvidia.com/";

  private InferencePlanner() {}

  /** The plan. What serves already goes on, whatever becomes of its source or of the spec. */
  public static InferencePlan plan(
      InferenceView view, Resolution resolution, InferenceObservation observed) {
    ServedModel current = observed.deployment().map(InferencePlanner::served).orElse(null);
    Optional<String> refused = view.unsupported();
    if (refused.isPresent()) {
      return blocked(current, Reason.UNSUPPORTED, refused.get());
    }
    if (observed.obstacle().isPresent()) {
      return blocked(current, Reason.INVALID, observed.obstacle().get());
    }
    Optional<String> vendor = otherVendor(view);
    if (vendor.isPresent()) {
      return blocked(current, Reason.INVALID, vendor.get());
    }
    if (resolution.format() != null && ExportSummary.NOT_SERVED.contains(resolution.format())) {
      return blocked(
          current,
          Reason.UNSUPPORTED,
          resolution.source()
              + " is exported as "
              + resolution.format()
              + ", and the server runs ONNX; write export: {onnx: {}} there");
    }
    ServedModel wanted = resolution.model().map(model -> model(model, resolution)).orElse(current);
    if (wanted == null) {
      return blocked(null, Reason.WAITING_FOR_REFERENCE, resolution.message());
    }
    boolean drop = observed.disruptionBudget() && !ServingDisruptionBudget.isNeeded(view.atLeast());
    boolean dropAutoscaler = observed.autoscaler().isPresent() && view.autoscaling() == null;
    return new InferencePlan(wanted, true, drop, dropAutoscaler, Optional.empty());
  }

  /** Where the operator is configured with GPUs that the spec does not name. */
  private static Optional<String> otherVendor(InferenceView view) {
    ServingResources resources = view.resources();
    return view.backend() == Backend.TRITON
            && resources != null
            && resources.deviceCount() > 0
            && !resources.deviceResource().startsWith(NVIDIA)
        ? Optional.of(
            "Triton computes on NVIDIA's GPUs, and the pods ask for %s: write backend: Server, or a gpuResource that starts with %s"
                .formatted(resources.deviceResource(), NVIDIA))
        : Optional.empty();
  }

  private static InferencePlan blocked(
      @Nullable ServedModel current, Reason reason, String message) {
    return new InferencePlan(
        current, false, false, false, Optional.of(new InferencePlan.Blocked(reason, message)));
  }

  private static ServedModel model(ResolvedModel model, Resolution resolution) {
    return new ServedModel(model.uri(), model.digest(), resolution.source());
  }

  /** The model that a Deployment's pods are made for. */
  static @Nullable ServedModel served(Deployment deployment) {
    var metadata = deployment.getSpec().getTemplate().getMetadata();
    Map<String, String> annotations =
        metadata == null || metadata.getAnnotations() == null
            ? Map.of()
            : metadata.getAnnotations();
    String uri = annotations.get(Serving.URI_ANNOTATION);
    return uri == null
        ? null
        : new ServedModel(
            uri,
            annotations.get(Serving.DIGEST_ANNOTATION),
            annotations.get(Serving.SOURCE_ANNOTATION));
  }
}
