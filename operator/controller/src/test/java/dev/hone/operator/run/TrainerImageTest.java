package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.RunStatus;
import dev.hone.api.compression.CompressionJob;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.compression.CompressionRuns;
import dev.hone.operator.observe.EmptyCluster;
import dev.hone.operator.resolve.Resolution;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A run whose pods need an image that the operator may not have; golden/run/in-litert.yaml. */
class TrainerImageTest {

  private static final String LITE_RT = "example.org/trainer-litert:1";
  private static final Resolution FOUND =
      new Resolution(
          Optional.of(new ResolvedModel("pvc://models/spam", null, null)),
          null,
          Reason.RESOLVED,
          "found");
  private static final Resolution AWAITED =
      new Resolution(
          Optional.empty(), "FineTuneJob base", Reason.REFERENCE_NOT_READY, "waits for it");

  @Test
  void withItsImageItStarts() throws IOException {
    RunView view = view(Optional.of(LITE_RT));
    assertThat(view.image()).contains(LITE_RT);
    assertThat(plan(view, FOUND, RunStatus.empty()).actions())
        .hasSize(1)
        .hasOnlyElementsOfType(RunAction.Start.class);
  }

  @Test
  void withoutItIsRefusedBeforeItWaitsForAnything() throws IOException {
    for (Resolution resolution : List.of(FOUND, AWAITED)) {
      RunPlan plan = plan(view(Optional.empty()), resolution, RunStatus.empty());
      assertThat(plan.actions()).isEmpty();
      assertThat(plan.state().reason()).isEqualTo(Reason.UNSUPPORTED);
      assertThat(plan.state().message())
          .isEqualTo(
              "spec.export.tfLite runs in an image with LiteRT, and the operator was given none; make it with"
                  + " images/build trainer-litert, and name it in the chart's value images.trainerLiteRt");
    }
  }

  @Test
  void anotherRunIsRefusedToo() throws IOException {
    RunStatus ran =
        RunStatus.empty().toBuilder().job(new JobReference("spam-litert-0a", null, "0a")).build();
    RunPlan plan = plan(view(Optional.empty()), FOUND, ran);
    assertThat(plan.actions()).isEmpty();
    assertThat(plan.state().reason()).isEqualTo(Reason.UNSUPPORTED);
  }

  private static RunView view(Optional<String> liteRt) throws IOException {
    CompressionJob resource =
        Serialization.unmarshal(
            Files.readString(Path.of("src/test/resources/golden/run/in-litert.yaml")),
            CompressionJob.class);
    RunSettings settings =
        new RunSettings(
            new TrainerImages("example.org/trainer:1", liteRt),
            "IfNotPresent",
            "https://reports.example",
            "nvidia.com/gpu",
            () -> "CA");
    return CompressionRuns.view(resource, reference -> Optional.empty()).with(settings);
  }

  private static RunPlan plan(RunView view, Resolution resolution, RunStatus before) {
    RunObservation observed =
        new RunObservation(
            view.owner(), List.of(), List.of(), List.of(), List.of(), new EmptyCluster() {});
    return RunPlanner.plan(new RunInput(view, resolution, observed, before, Instant.EPOCH));
  }
}
