package dev.hone.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.finetune.FineTuneRuns;
import dev.hone.operator.run.RunView;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** A node fits exactly if its GPU, its driver and its memory are at least what is asked for. */
class GpuVersionsPropertyTest {

  @Property(tries = 200)
  void aNodeFitsFromTheAskedVersionOn(
      @ForAll @IntRange(min = 7, max = 10) int wantedMajor,
      @ForAll @IntRange(min = 0, max = 9) int wantedMinor,
      @ForAll @IntRange(min = 7, max = 10) int major,
      @ForAll @IntRange(min = 0, max = 9) int minor,
      @ForAll @IntRange(min = 549, max = 551) int driver,
      @ForAll @IntRange(min = 39, max = 41) int gibibytes) {
    String resources =
        """
        gpus: 1
            gpuRequirements:
              minComputeCapability: "%d.%d"
              minDriver: "550"
              minMemory: 40Gi
        """
            .formatted(wantedMajor, wantedMinor);
    Node node =
        new NodeBuilder()
            .withNewMetadata()
            .withName("node")
            .addToLabels("nvidia.com/gpu.compute.major", String.valueOf(major))
            .addToLabels("nvidia.com/gpu.compute.minor", String.valueOf(minor))
            .addToLabels("nvidia.com/cuda.driver.major", String.valueOf(driver))
            .addToLabels("nvidia.com/cuda.driver.minor", "0")
            .addToLabels("nvidia.com/gpu.memory", String.valueOf(gibibytes * 1024))
            .endMetadata()
            .build();
    boolean fits =
        (major > wantedMajor || (major == wantedMajor && minor >= wantedMinor))
            && driver >= 550
            && gibibytes >= 40;
    assertThat(NodeMatch.hasLabels(node, pod(resources))).isEqualTo(fits);
  }

  private static Pod pod(String resources) {
    RunView view = FineTuneRuns.view(resource(resources));
    return new PodBuilder()
        .withSpec(
            new RunJob(
                    view.owner(),
                    "hash",
                    "image",
                    "Always",
                    List.of(),
                    List.of(),
                    view.output(),
                    view.resources(),
                    view.policy(),
                    view.queue(),
                    view.podTemplate())
                .build()
                .getSpec()
                .getTemplate()
                .getSpec())
        .build();
  }

  private static FineTuneJob resource(String resources) {
    try {
      return Serialization.unmarshal(
          Files.readString(Path.of("src/test/resources/golden/run/in-mig-single.yaml"))
              .replaceFirst("(?s)  resources:.*", "  resources:\n    " + resources),
          FineTuneJob.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
