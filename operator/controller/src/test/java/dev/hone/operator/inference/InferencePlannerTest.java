package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.SourceKind;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InferencePlannerTest {

  @ParameterizedTest
  @CsvSource({"OpenVINO,false", "LiteRT,false", "TensorRT,true", "ONNX,true", ",true"})
  void whatTheServerCannotRunIsNotDeployed(@Nullable String format, boolean deployed) {
    InferencePlan plan =
        InferencePlanner.plan(
            new InferenceView(
                new Owner("InferenceDeployment", "team", "spam", "uid"),
                1,
                ModelSource.ofReference(SourceKind.COMPRESSION_JOB, "c"),
                1,
                null,
                null,
                null,
                null,
                null,
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
}
