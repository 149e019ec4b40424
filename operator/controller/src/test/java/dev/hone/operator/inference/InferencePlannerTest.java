package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.ServingResources;
import dev.hone.api.common.SourceKind;
import dev.hone.api.inference.Backend;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.ServingAccess;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InferencePlannerTest {

  private static InferencePlan plan(
      Backend backend, @Nullable ServingResources resources, @Nullable String format) {
    return InferencePlanner.plan(
        new InferenceView(
            new Owner("InferenceDeployment", "team", "spam", "uid"),
            1,
            ModelSource.ofReference(SourceKind.COMPRESSION_JOB, "c"),
            backend,
            1,
            null,
            null,
            null,
            null,
            resources,
            null,
            ServingAccess.OPEN,
            null,
            Optional.empty()),
        new Resolution(
            Optional.of(new ResolvedModel("pvc://a/b", null, "sha256:" + "0".repeat(64))),
            "CompressionJob c",
            Reason.RESOLVED,
            "found",
            format),
        new InferenceObservation(
            Optional.empty(),
            Map.of(),
            Optional.empty(),
            List.of(),
            false,
            Optional.empty(),
            Optional.empty(),
            new EmptyCluster() {}));
  }

  @ParameterizedTest
  @CsvSource({"OpenVINO,false", "LiteRT,false", "TensorRT,true", "ONNX,true", ",true"})
  void whatTheServerCannotRunIsNotDeployed(@Nullable String format, boolean deployed) {
    InferencePlan plan = plan(Backend.SERVER, null, format);
    assertThat(plan.apply()).isEqualTo(deployed);
    assertThat(plan.blocked().map(InferencePlan.Blocked::reason))
        .isEqualTo(deployed ? Optional.empty() : Optional.of(Reason.UNSUPPORTED));
    if (!deployed) {
      assertThat(plan.blocked().orElseThrow().message())
          .isEqualTo(
              "CompressionJob c is exported as "
                  + format
                  + ", and the server runs ONNX; write export:"
                  + " {onnx: {}} there");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "SERVER,amd.com/gpu,1,true",
    "TRITON,amd.com/gpu,1,false",
    "TRITON,amd.com/gpu,0,true",
    "TRITON,nvidia.com/gpu.shared,1,true"
  })
  void tritonIsOnlyForGpusOfNvidia(Backend backend, String resource, int gpus, boolean deployed) {
    ServingResources resources =
        new ServingResources(
                gpus, null, null, List.of(), null, List.of(), List.of(), null, null, null, null,
                null)
            // As the operator is configured.
            .withGpuResource(resource);
    InferencePlan plan = plan(backend, resources, "ONNX");
    assertThat(plan.apply()).isEqualTo(deployed);
    assertThat(plan.blocked().map(InferencePlan.Blocked::message))
        .isEqualTo(
            deployed
                ? Optional.empty()
                : Optional.of(
                    "Triton computes on NVIDIA's GPUs, and the pods ask for amd.com/gpu: write"
                        + " backend: Server, or a gpuResource that starts with nvidia.com/"));
  }
}
