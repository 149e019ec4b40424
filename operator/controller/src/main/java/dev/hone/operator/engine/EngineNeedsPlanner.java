package dev.hone.operator.engine;

import dev.hone.api.Reason;
import dev.hone.api.common.ServingResources;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.api.engine.EngineModel;
import dev.hone.api.engine.EngineProvider;
import dev.hone.api.engine.EngineRuntime;
import dev.hone.api.engine.EngineTarget;
import dev.hone.api.engine.ShapeProfile;
import dev.hone.api.engine.ShapeRange;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.Provider;
import dev.hone.operator.desired.EngineTemplate;
import dev.hone.operator.desired.ServerSettings;
import dev.hone.operator.observe.NodeClass;
import dev.hone.operator.observe.NodeMatch;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells which engines a deployment needs. Pure: the same input always gives the same engines. */
public final class EngineNeedsPlanner {

  private static final String NVIDIA = "nvidia.com/";

  private EngineNeedsPlanner() {}

  /** One engine for each class of the nodes that may take the pods now. */
  public static EngineNeeds plan(EngineRequest request, List<Node> nodes) {
    List<Provider> providers =
        request.engine().providers().isEmpty()
            ? List.of(Provider.values())
            : request.engine().providers();
    ServingResources resources = request.resources();
    boolean gpu = resources != null && resources.deviceCount() > 0;
    Optional<String> refused = refusal(request.engine(), resources, gpu, providers);
    if (refused.isPresent()) {
      return EngineNeeds.blocked(Reason.INVALID, refused.get());
    }
    if (request.backend() == Backend.TRITON) {
      // Its own ONNX Runtime prepares the model as it loads it.
      return EngineNeeds.of(List.of());
    }
    if (gpu
        && providers.stream().filter(p -> p != Provider.CPU).findFirst().orElseThrow()
            == Provider.CUDA) {
      // CUDA's kernels are in its libraries: there is nothing to build.
      return EngineNeeds.of(List.of());
    }
    if (request.model().digest() == null) {
      return EngineNeeds.blocked(
          Reason.INVALID,
          "an engine is kept by the digest of its model: write spec.model.digest, or name the model"
              + " by from");
    }
    if (nodes.isEmpty()) {
      return EngineNeeds.blocked(
          Reason.PENDING,
          "spec.engine goes by the nodes' labels, and the operator sees no node: set the chart's"
              + " rbac.nodes to true, or remove spec.engine");
    }
    Pod pod = pod(request.template());
    List<Node> fitting =
        nodes.stream()
            .filter(node -> NodeMatch.hasLabels(node, pod))
            .filter(node -> NodeMatch.obstacle(node, pod).isEmpty())
            .filter(node -> resources == null || !gpu || NodeClass.offers(node, resources))
            .toList();
    if (fitting.isEmpty()) {
      return EngineNeeds.blocked(
          Reason.PENDING,
          "no ready node could take the pods, so that it is not known which engines they need%s"
              .formatted(asked(resources, gpu, pod)));
    }
    Function<Node, Optional<EngineTarget>> classes =
        gpu && resources != null ? node -> NodeClass.gpu(node, resources) : NodeClass::cpu;
    List<EngineBuildSpec> builds =
        fitting.stream()
            .map(classes)
            .flatMap(Optional::stream)
            .distinct()
            .map(target -> build(request, request.model().digest(), target))
            .toList();
    return builds.isEmpty()
        ? EngineNeeds.blocked(
            Reason.PENDING,
            "the nodes do not name what they have: "
                + (gpu
                    ? "run NVIDIA's GPU Feature Discovery (label nvidia.com/gpu.product)"
                    : "they lack the label kubernetes.io/arch")
                + ", or remove spec.engine")
        : EngineNeeds.of(builds);
  }

  private static Optional<String> refusal(
      Engine engine, @Nullable ServingResources resources, boolean gpu, List<Provider> providers) {
    if (!gpu && resources != null && !resources.resourceClaims().isEmpty()) {
      return Optional.of(
          "engines go by nodes' labels, which say nothing of devices by resourceClaims: write"
              + " resources.gpus or mig, or remove spec.engine");
    }
    if (!gpu && !providers.contains(Provider.CPU)) {
      return Optional.of(
          "spec.engine.providers names GPUs alone, and the pods ask for none: write resources.gpus:"
              + " 1, or add CPU");
    }
    if (gpu && providers.equals(List.of(Provider.CPU))) {
      return Optional.of(
          "spec.engine.providers names the CPU alone, and the pods ask for a GPU: remove it from"
              + " resources, or add TensorRT or CUDA");
    }
    if (!gpu && engine.precision() != null) {
      return Optional.of(
          "the CPU computes in the artifact's own format: remove spec.engine.precision, or compress"
              + " the model to it");
    }
    if (gpu && resources != null && !resources.deviceResource().startsWith(NVIDIA)) {
      return Optional.of(
          "TensorRT and CUDA need %s…, and the pods ask for %s: remove spec.engine"
              .formatted(NVIDIA, resources.deviceResource()));
    }
    return Optional.empty();
  }

  private static EngineBuildSpec build(EngineRequest request, String digest, EngineTarget target) {
    boolean gpu = target.gpuProduct() != null;
    EngineVersions versions = request.versions();
    return new EngineBuildSpec(
        new EngineModel(request.model().uri(), digest),
        gpu
            ? new EngineRuntime(
                EngineProvider.TENSOR_RT, versions.onnxRuntime(), versions.tensorRt())
            : new EngineRuntime(EngineProvider.CPU, versions.onnxRuntime(), null),
        target,
        profile(request.batching()),
        options(request.engine(), target),
        EngineTemplate.of(request.template()));
  }

  private static Map<String, String> options(Engine engine, EngineTarget target) {
    Map<String, String> options = new TreeMap<>();
    if (target.gpuProduct() == null) {
      // ONNX Runtime's last level lays data out for the instructions of the very CPU.
      options.put("optimization", target.cpuLevel() == null ? "extended" : "all");
    } else if (engine.precision() != null) {
      options.put("precision", engine.precision().name());
    }
    return options;
  }

  /** The shapes that the server makes of such a batching. */
  static ShapeProfile profile(@Nullable Batching batching) {
    int rows = ServerSettings.maxBatch(batching);
    List<Integer> lengths = batching == null ? List.of() : batching.sequenceLengths();
    return new ShapeProfile(
        new ShapeRange(1, rows, rows),
        lengths.isEmpty()
            ? null
            : new ShapeRange(lengths.getFirst(), lengths.getLast(), lengths.getLast()));
  }

  private static Pod pod(PodTemplateSpec template) {
    return new PodBuilder().withNewMetadata().endMetadata().withSpec(template.getSpec()).build();
  }

  private static String asked(@Nullable ServingResources resources, boolean gpu, Pod pod) {
    String labels = NodeMatch.wanted(pod).collect(Collectors.joining(" and "));
    String devices =
        gpu && resources != null ? resources.deviceCount() + " " + resources.deviceResource() : "";
    String all =
        devices.isEmpty() || labels.isEmpty() ? devices + labels : devices + " and " + labels;
    return all.isEmpty() ? "" : ": they ask for " + all;
  }
}
