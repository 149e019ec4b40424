package dev.hone.api.engine;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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

  /** Five bits per character, without letters that look alike in a terminal. */
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

  /** 130 bits: here a collision would serve the weights of somebody else. */
  private static final int LENGTH = 26;

  private static final int BITS = 5;

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
    return PREFIX + encode(sha256(text.toString()));
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

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  private static String encode(byte[] digest) {
    BigInteger bits = new BigInteger(1, digest).shiftRight(digest.length * 8 - LENGTH * BITS);
    StringBuilder text = new StringBuilder(LENGTH);
    for (int i = LENGTH - 1; i >= 0; i--) {
      text.append(ALPHABET.charAt(bits.shiftRight(BITS * i).intValue() & (1 << BITS) - 1));
    }
    return text.toString();
  }
}
