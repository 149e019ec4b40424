package dev.hone.server.backend;

import static dev.hone.server.backend.ExecutionProvider.CPU;
import static dev.hone.server.backend.ExecutionProvider.CUDA;
import static dev.hone.server.backend.ExecutionProvider.TENSOR_RT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class ProviderChainTest {
  private static final List<ExecutionProvider> ALL = List.of(TENSOR_RT, CUDA, CPU);
  private static final Set<OrtProvider> GPU_BUILD =
      Set.of(OrtProvider.TENSOR_RT, OrtProvider.CUDA, OrtProvider.CPU);
  private static final Set<OrtProvider> CPU_BUILD = Set.of(OrtProvider.CPU);

  /** Opens with the accelerators that were offered, unless the first of them is broken. */
  private static ProviderChain.Opener<List<ExecutionProvider>> machine(
      Map<ExecutionProvider, String> broken) {
    return offered -> {
      ExecutionProvider first = offered.isEmpty() ? CPU : offered.getFirst();
      String words = broken.get(first);
      if (words != null) {
        throw new OrtException(words);
      }
      return offered;
    };
  }

  @Test
  void takesTheBestAndLeavesItTheOthersToFallBackOn() throws Exception {
    var opened = new ProviderChain(ALL, false, GPU_BUILD).open("m", machine(Map.of()));
    assertThat(opened.provider()).isEqualTo(TENSOR_RT);
    assertThat(opened.value()).containsExactly(TENSOR_RT, CUDA);
  }

  @Test
  void goesOnToTheNextWhenOneCannot() throws Exception {
    ProviderChain chain = new ProviderChain(ALL, false, GPU_BUILD);
    var cuda = chain.open("m", machine(Map.of(TENSOR_RT, "libnvinfer.so.10: no such file")));
    assertThat(cuda.provider()).isEqualTo(CUDA);
    assertThat(cuda.value()).containsExactly(CUDA);
    var cpu = chain.open("m", machine(Map.of(TENSOR_RT, "no driver", CUDA, "no driver")));
    assertThat(cpu.provider()).isEqualTo(CPU);
    assertThat(cpu.value()).isEmpty();
  }

  @Test
  void neverTriesWhatTheBuildDoesNotHaveOrTheSettingsDoNotName() throws Exception {
    assertThat(new ProviderChain(ALL, false, CPU_BUILD).open("m", machine(Map.of())).value())
        .isEmpty();
    var onlyCuda = new ProviderChain(List.of(CUDA), false, GPU_BUILD).open("m", machine(Map.of()));
    assertThat(onlyCuda.value()).containsExactly(CUDA);
    var withoutCuda =
        new ProviderChain(ALL, false, Set.of(OrtProvider.TENSOR_RT, OrtProvider.CPU))
            .open("m", machine(Map.of()));
    assertThat(withoutCuda.value()).containsExactly(TENSOR_RT);
  }

  @Test
  void refusesTheCpuWhereAnAcceleratorIsRequired() {
    assertThatThrownBy(
            () ->
                new ProviderChain(ALL, true, GPU_BUILD)
                    .open("spam", machine(Map.of(TENSOR_RT, "no driver", CUDA, "no device\nat x"))))
        .isInstanceOf(NoAcceleratorException.class)
        .hasMessage(
            "model 'spam' must not run on the CPU, and no accelerator can run it (TensorRT: no"
                + " driver; CUDA: no device): run the server's GPU image on a node with a GPU, or"
                + " unset HONE_REQUIRE_ACCELERATOR (spec.engine.requireAccelerator)");
    assertThatThrownBy(
            () -> new ProviderChain(List.of(CPU), true, GPU_BUILD).open("m", machine(Map.of())))
        .isInstanceOf(NoAcceleratorException.class)
        .hasMessageContaining("HONE_PROVIDERS names only the CPU");
    assertThatThrownBy(() -> new ProviderChain(ALL, true, CPU_BUILD).open("m", machine(Map.of())))
        .isInstanceOf(NoAcceleratorException.class)
        .hasMessageContaining("CUDA: this build of ONNX Runtime does not have it");
  }

  @Test
  void theLastWordsAreTheProvidersOwn() {
    assertThatThrownBy(
            () ->
                new ProviderChain(ALL, false, CPU_BUILD)
                    .open("m", machine(Map.of(CPU, "No Op registered for Nonsense"))))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("No Op registered for Nonsense");
    assertThatThrownBy(
            () -> new ProviderChain(List.of(CUDA), false, CPU_BUILD).open("m", machine(Map.of())))
        .isInstanceOf(BackendException.class)
        .hasMessageContaining("add CPU to HONE_PROVIDERS");
  }

  @Test
  void saysEachReasonOnceHoweverManyModelsThereAre() throws Exception {
    List<String> said = new ArrayList<>();
    Handler listener = new Listener(said);
    Logger logger = Logger.getLogger(ProviderChain.class.getName());
    logger.addHandler(listener);
    try {
      ProviderChain chain = new ProviderChain(ALL, false, GPU_BUILD);
      for (String model : List.of("a", "b", "c")) {
        chain.open(model, machine(Map.of(TENSOR_RT, "no libnvinfer", CUDA, "no driver")));
      }
    } finally {
      logger.removeHandler(listener);
    }
    assertThat(said)
        .containsExactly(
            "not computed by TensorRT: no libnvinfer", "not computed by CUDA: no driver");
  }

  private static final class Listener extends Handler {
    private final List<String> said;

    Listener(List<String> said) {
      this.said = said;
    }

    @Override
    public void publish(LogRecord line) {
      Object[] parameters = line.getParameters();
      said.add(
          parameters == null || parameters.length == 0
              ? line.getMessage()
              : String.format(line.getMessage(), parameters));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
