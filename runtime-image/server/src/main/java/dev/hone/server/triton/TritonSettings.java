package dev.hone.server.triton;

import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * How Triton is to run a model.
 *
 * @param maxBatch the most rows of a run
 * @param sequenceLengths the lengths that inputs come in, rising; none where nobody says
 * @param maxWaitMillis the longest that a request waits in the queue
 * @param maxQueue the most requests that wait
 * @param instances where it runs
 * @param tensorRt whether TensorRT compiles what it can of it, on a GPU
 * @param precision the number format that TensorRT may compute in; as the model says without it
 * @param threads of one run on the CPU
 */
public record TritonSettings(
    int maxBatch,
    List<Integer> sequenceLengths,
    int maxWaitMillis,
    int maxQueue,
    Instances instances,
    boolean tensorRt,
    Optional<String> precision,
    int threads) {

  private static final Pattern LIST = Pattern.compile("\\s*,\\s*");
  private static final String TENSOR_RT = "TensorRT";

  /** What ONNX Runtime's TensorRT provider takes by way of Triton; it has no word for BF16. */
  private static final Set<String> PRECISIONS = Set.of("FP32", "FP16", "INT8");

  public TritonSettings {
    sequenceLengths = sequenceLengths.stream().sorted().distinct().toList();
  }

  /**
   * Reads them from variables.
   *
   * @param threads of one run on the CPU, where no variable says
   * @throws RepositoryException if one of them has no such value
   */
  public static TritonSettings of(Map<String, String> environment, int threads)
      throws RepositoryException {
    List<String> providers = list(environment, "HONE_PROVIDERS");
    Optional<String> precision = value(environment, "HONE_PRECISION");
    if (precision.isPresent() && !PRECISIONS.contains(precision.get())) {
      throw invalid("HONE_PRECISION", precision.get(), "FP32, FP16 or INT8");
    }
    return new TritonSettings(
        number(environment, "HONE_MAX_BATCH", 16),
        lengths(environment),
        number(environment, "HONE_MAX_WAIT_MILLIS", 1000),
        number(environment, "HONE_MAX_QUEUE", 256),
        instances(environment),
        providers.contains(TENSOR_RT),
        precision,
        number(environment, "HONE_INTRA_OP_THREADS", threads));
  }

  private static List<Integer> lengths(Map<String, String> environment) throws RepositoryException {
    String variable = "HONE_SEQUENCE_LENGTHS";
    try {
      List<Integer> lengths =
          list(environment, variable).stream().map(Integer::valueOf).sorted().toList();
      if (!lengths.isEmpty() && lengths.getFirst() < 1) {
        throw invalid(variable, lengths.getFirst().toString(), "lengths from 1 up, such as 32,128");
      }
      return lengths;
    } catch (NumberFormatException e) {
      throw invalid(variable, String.valueOf(environment.get(variable)), "such as 32,128");
    }
  }

  private static Instances instances(Map<String, String> environment) throws RepositoryException {
    String variable = "HONE_TRITON_INSTANCES";
    String text = value(environment, variable).orElse("Auto");
    return Arrays.stream(Instances.values())
        .filter(known -> known.name().equals(text.toUpperCase(Locale.ROOT)))
        .findFirst()
        .orElseThrow(() -> invalid(variable, text, "Auto, GPU or CPU"));
  }

  private static int number(Map<String, String> environment, String variable, int otherwise)
      throws RepositoryException {
    Optional<String> text = value(environment, variable);
    if (text.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(text.get());
      if (number >= 1) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, as a number that is too small.
    }
    throw invalid(variable, text.get(), "a number from 1 up");
  }

  private static List<String> list(Map<String, String> environment, String variable) {
    return value(environment, variable).map(text -> List.of(LIST.split(text))).orElse(List.of());
  }

  private static Optional<String> value(Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable))
        .map(String::strip)
        .filter(s -> !s.isEmpty());
  }

  private static RepositoryException invalid(String variable, String value, String instead) {
    return new RepositoryException(
        Reason.CONFIG_INVALID, "%s is '%s': write %s".formatted(variable, value, instead));
  }
}
