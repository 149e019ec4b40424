package dev.hone.server.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MachineTest {
  @TempDir Path proc;

  @ParameterizedTest
  @CsvSource({
    "fpu sse4_2 avx2 avx512f avx512vl, x86-64-v4",
    "fpu sse4_2 avx2 fma, x86-64-v3",
    "fpu sse4_2, x86-64-v2"
  })
  void readsTheLevelOfTheInstructions(String flags, String level) throws IOException {
    Files.writeString(
        proc.resolve("cpuinfo"), "processor\t: 0\nflags\t\t: %s\nbugs\t:\n".formatted(flags));
    assertThat(Machine.of(proc, "amd64")).isEqualTo(new Machine("amd64", level, null));
  }

  @Test
  void namesOtherArchitecturesAsKubernetesDoes() {
    assertThat(Machine.of(proc, "aarch64")).isEqualTo(new Machine("arm64", null, null));
  }

  @Test
  void readsTheGpuAsItsLabelHasIt() throws IOException {
    Path gpu = Files.createDirectories(proc.resolve("driver/nvidia/gpus/0000:17:00.0"));
    Files.writeString(
        gpu.resolve("information"), "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 18\n");
    assertThat(Machine.of(proc, "aarch64").gpuProduct()).isEqualTo("NVIDIA-H100-80GB-HBM3");
  }

  @Test
  void saysWhyAnEngineOfAnotherMachineCannotBeUsed() {
    Machine here = new Machine("amd64", "x86-64-v3", "NVIDIA-L4");
    assertThat(here.refuses(new Machine("amd64", null, null))).isEmpty();
    assertThat(here.refuses(new Machine("amd64", "x86-64-v3", null))).isEmpty();
    assertThat(here.refuses(new Machine("amd64", null, "NVIDIA-L4"))).isEmpty();
    assertThat(here.refuses(new Machine("amd64", "x86-64-v4", null)))
        .contains("it is for CPUs of x86-64-v4, this one is x86-64-v3");
    assertThat(here.refuses(new Machine("arm64", null, null)))
        .contains("it is for arm64, this is amd64");
    assertThat(here.refuses(new Machine("amd64", null, "NVIDIA-T4")))
        .contains("it is for the GPU NVIDIA-T4, and here is NVIDIA-L4");
    assertThat(new Machine("amd64", null, null).refuses(new Machine("amd64", null, "NVIDIA-T4")))
        .contains("it is for the GPU NVIDIA-T4, and here is none");
  }
}
