package dev.hone.operator.desired;

import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.Provider;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What {@code spec.engine}, {@code spec.batching} and {@code spec.resources} mean for a model
 * repository of Triton: the variables of the command that writes it.
 */
public final class TritonSettings {

  private TritonSettings() {}

  /** The variables. */
  public static Map<String, String> of(
      @Nullable Engine engine, @Nullable Batching batching, @Nullable ServingResources resources) {
    Map<String, String> env = new TreeMap<>(ServerSettings.ofBatching(batching));
    env.put("HONE_TRITON_INSTANCES", instances(resources));
    if (engine != null) {
      List<Provider> providers =
          engine.providers().isEmpty() ? Arrays.asList(Provider.values()) : engine.providers();
      env.put(
          "HONE_PROVIDERS",
          providers.stream().map(Provider::text).collect(Collectors.joining(",")));
      if (engine.precision() != null) {
        env.put("HONE_PRECISION", engine.precision().name());
      }
    }
    return env;
  }

  /** Where a GPU is asked for, Triton serves on it or not at all. */
  private static String instances(@Nullable ServingResources resources) {
    if (PodResourceShape.needsGpu(resources)) {
      return "GPU";
    }
    // What a claim brings only the pod sees.
    return resources == null || resources.resourceClaims().isEmpty() ? "CPU" : "Auto";
  }
}
