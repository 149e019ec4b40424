package dev.hone.server.backend;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Takes the first execution provider that can open a model. Why another could not is logged, each
 * reason once however many models there are.
 */
public final class ProviderChain {
  private static final Logger LOG = Logger.getLogger(ProviderChain.class);

  private final List<ExecutionProvider> wanted;
  private final boolean acceleratorRequired;
  private final Set<OrtProvider> available;
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  /**
   * Makes a chain.
   *
   * @param wanted the providers to try, best first
   * @param acceleratorRequired whether to refuse the CPU
   * @param available what this build of ONNX Runtime brings
   */
  ProviderChain(
      List<ExecutionProvider> wanted, boolean acceleratorRequired, Set<OrtProvider> available) {
    this.wanted = List.copyOf(wanted);
    this.acceleratorRequired = acceleratorRequired;
    this.available = Set.copyOf(available);
  }

  /** A chain of what ONNX Runtime offers on this machine; the first call loads its library. */
  public static ProviderChain ofThisMachine(
      List<ExecutionProvider> wanted, boolean acceleratorRequired) {
    return new ProviderChain(wanted, acceleratorRequired, OrtEnvironment.getAvailableProviders());
  }

  /** Opens a model with what a provider falls back on, node by node, beneath it. */
  @FunctionalInterface
  interface Opener<T> {
    /**
     * Opens the model.
     *
     * @param providers the provider to try and those below it, best first, without the CPU
     * @throws OrtException if it cannot
     */
    T open(List<ExecutionProvider> providers) throws OrtException, BackendException;
  }

  /** What was opened, and what runs it. */
  record Opened<T>(ExecutionProvider provider, T value) {}

  /**
   * Opens a model with the first provider that can.
   *
   * @param model its name, for the sentence of a refusal
   * @throws OrtException as the last provider gave it, if the CPU may be used and fails too
   * @throws NoAcceleratorException if the CPU must not be used and nothing else can
   */
  <T> Opened<T> open(String model, Opener<T> opener)
      throws OrtException, BackendException, NoAcceleratorException {
    List<String> reasons = new ArrayList<>();
    @Nullable OrtException last = null;
    for (int index = 0; index < wanted.size(); index++) {
      ExecutionProvider provider = wanted.get(index);
      if (acceleratorRequired && !provider.accelerates()) {
        continue;
      }
      String reason;
      if (!available.contains(provider.runtime())) {
        reason = provider.text() + ": this build of ONNX Runtime does not have it";
      } else {
        try {
          return new Opened<>(provider, opener.open(accelerators(index)));
        } catch (OrtException e) {
          last = e;
          reason = provider.text() + ": " + oneLine(e);
        }
      }
      reasons.add(reason);
      if (provider.accelerates() && told.add(reason)) {
        LOG.infof("not computed by %s", reason);
      }
    }
    if (acceleratorRequired) {
      throw new NoAcceleratorException(refusal(model, reasons));
    }
    if (last != null) {
      throw last;
    }
    throw new BackendException(nothing(reasons));
  }

  private List<ExecutionProvider> accelerators(int from) {
    return wanted.get(from).accelerates()
        ? wanted.subList(from, wanted.size()).stream()
            .filter(ExecutionProvider::accelerates)
            .filter(provider -> available.contains(provider.runtime()))
            .toList()
        : List.of();
  }

  private static String refusal(String model, List<String> reasons) {
    String why =
        reasons.isEmpty() ? "HONE_PROVIDERS names only the CPU" : String.join("; ", reasons);
    return "model '%s' must not run on the CPU, and no accelerator can run it (%s): run the server's GPU image on a node with a GPU, or unset HONE_REQUIRE_ACCELERATOR (spec.engine.requireAccelerator)"
        .formatted(model, why);
  }

  private static String nothing(List<String> reasons) {
    return "none of its providers can run it (%s): add CPU to HONE_PROVIDERS"
        .formatted(String.join("; ", reasons));
  }

  /** ONNX Runtime's own words without the lines of a stack trace. */
  private static String oneLine(OrtException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
  }
}
