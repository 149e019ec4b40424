package dev.hone.api.engine;

import dev.hone.api.ShortHash;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The key of an engine: the name of its EngineBuild and of its folder. Two specs have one key if,
 * and only if, an engine of the one may serve for the other.
 */
public final class EngineKey {

  /** Another way to write the parts down needs another version, or old engines are mistaken. */
  private static final String SCHEME = "hone-engine-v1";

  private static final String PREFIX = "engine-";

  /** 130 bits: here a collision would serve the weights of somebody else. */
  private static final int LENGTH = 26;

  private EngineKey() {}

  /** The key of a spec. */
  public static String of(EngineBuildSpec spec) {
    Map<String, String> parts = new TreeMap<>();
    put(parts, "model", spec.model().digest());
    EngineRuntime runtime = spec.runtime();
    put(parts, "runtime.provider", runtime.provider().value());
    put(parts, "runtime.onnxRuntime", runtime.onnxRuntime());
    put(parts, "runtime.tensorRt", runtime.tensorRt());
    EngineTarget target = spec.target();
    put(parts, "target.architecture", target.architecture());
    put(parts, "target.cpuLevel", target.cpuLevel());
    put(parts, "target.gpuProduct", target.gpuProduct());
    put(parts, "target.computeCapability", target.computeCapability());
    put(parts, "target.migProfile", target.migProfile());
    put(parts, "target.driver", target.driver());
    put(parts, "profile.batch", range(spec.profile().batch()));
    put(parts, "profile.sequenceLength", range(spec.profile().sequenceLength()));
    spec.options().forEach((name, value) -> put(parts, "options." + name, value));
    StringBuilder text = new StringBuilder(SCHEME);
    // With its length before it no text can be taken for the end of one and the start of another.
    parts.forEach(
        (name, value) -> {
          append(text, name);
          append(text, value);
        });
    return PREFIX + ShortHash.of(text.toString(), LENGTH);
  }

  private static void put(Map<String, String> parts, String name, @Nullable String value) {
    if (value != null) {
      parts.put(name, value);
    }
  }

  private static @Nullable String range(@Nullable ShapeRange range) {
    return range == null ? null : range.min() + "," + range.opt() + "," + range.max();
  }

  private static void append(StringBuilder text, String part) {
    text.append(part.length()).append(':').append(part);
  }
}
