package dev.hone.server.engine;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A class of machine: one that an engine is for, or this one.
 *
 * @param architecture as Kubernetes names it, such as amd64
 * @param cpuLevel level of the instructions, x86-64-v2 to x86-64-v4; null is any
 * @param gpuProduct product of the GPU as the label nvidia.com/gpu.product has it; null for none
 */
@JsonIgnoreProperties(ignoreUnknown = true)
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Machine(String architecture, @Nullable String cpuLevel, @Nullable String gpuProduct) {

  /** This machine, as the kernel and NVIDIA's driver tell it. */
  public static Machine here() {
    return of(Path.of("/proc"), System.getProperty("os.arch", ""));
  }

  /** The machine that such a folder of the kernel's tells of. */
  static Machine of(Path proc, String javaArchitecture) {
    String architecture = "aarch64".equals(javaArchitecture) ? "arm64" : javaArchitecture;
    return new Machine(
        architecture,
        "amd64".equals(architecture) ? level(proc.resolve("cpuinfo")) : null,
        gpu(proc.resolve("driver/nvidia/gpus")));
  }

  /** Why an engine for that machine cannot be used on this one; empty if it can. */
  Optional<String> refuses(Machine target) {
    if (!target.architecture.equals(architecture)) {
      return Optional.of("it is for %s, this is %s".formatted(target.architecture, architecture));
    }
    if (target.cpuLevel != null && !target.cpuLevel.equals(cpuLevel)) {
      return Optional.of(
          "it is for CPUs of %s, this one is %s".formatted(target.cpuLevel, cpuLevel));
    }
    if (target.gpuProduct != null && !target.gpuProduct.equals(gpuProduct)) {
      return Optional.of(
          "it is for the GPU %s, and here is %s"
              .formatted(target.gpuProduct, gpuProduct == null ? "none" : gpuProduct));
    }
    return Optional.empty();
  }

  /** As ONNX Runtime lays data out: by AVX-512 or not. The label's rule is the operator's. */
  private static @Nullable String level(Path cpuinfo) {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      Set<String> flags =
          lines
              .filter(line -> line.startsWith("flags"))
              .findFirst()
              .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
              .orElse(Set.of());
      if (flags.contains("avx512f")) {
        return "x86-64-v4";
      }
      return flags.contains("avx2") ? "x86-64-v3" : "x86-64-v2";
    } catch (IOException e) {
      return null;
    }
  }

  /** The driver says "NVIDIA L4" where the label says NVIDIA-L4. */
  private static @Nullable String gpu(Path gpus) {
    if (!Files.isDirectory(gpus)) {
      return null;
    }
    try (Stream<Path> folders = Files.list(gpus)) {
      for (Path folder : folders.sorted().toList()) {
        for (String line : Files.readAllLines(folder.resolve("information"))) {
          if (line.startsWith("Model:")) {
            return line.substring("Model:".length()).strip().replaceAll("\\s+", "-");
          }
        }
      }
      return null;
    } catch (IOException e) {
      return null;
    }
  }
}
