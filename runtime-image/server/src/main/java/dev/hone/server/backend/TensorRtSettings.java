package dev.hone.server.backend;

import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;

/** What ONNX Runtime's TensorRT provider is told when it builds, by the names of its settings. */
final class TensorRtSettings {
  private static final int BATCH = 0;
  private static final int LENGTH = 1;

  private TensorRtSettings() {}

  /**
   * The settings.
   *
   * @throws BackendException if an input leaves an axis open that the profile says nothing of
   */
  static SequencedMap<String, String> of(Signature signature, OnnxEngine.Options options)
      throws BackendException {
    TreeMap<String, String> settings = new TreeMap<>();
    settings.put("trt_profile_min_shapes", shapes(signature, options, OnnxEngine.Range::min));
    settings.put("trt_profile_opt_shapes", shapes(signature, options, OnnxEngine.Range::opt));
    settings.put("trt_profile_max_shapes", shapes(signature, options, OnnxEngine.Range::max));
    settings.values().removeIf(String::isEmpty);
    for (Map.Entry<String, String> option : options.options().entrySet()) {
      if (!"precision".equals(option.getKey())) {
        throw new BackendException(
            "no option of TensorRT's builder is called '%s'; write precision"
                .formatted(option.getKey()));
      }
      // FP32 is what it computes in without a word; the others are allowed beside it.
      switch (option.getValue()) {
        case "FP32" -> settings.put("trt_fp16_enable", "0");
        case "FP16" -> settings.put("trt_fp16_enable", "1");
        case "BF16" -> settings.put("trt_bf16_enable", "1");
        case "INT8" -> settings.put("trt_int8_enable", "1");
        default ->
            throw new BackendException(
                "no precision is called '%s'; write FP32, FP16, BF16 or INT8"
                    .formatted(option.getValue()));
      }
    }
    return settings;
  }

  /** For example {@code input_ids:8x128,attention_mask:8x128}; inputs of fixed shape need none. */
  private static String shapes(
      Signature signature, OnnxEngine.Options options, ToIntFunction<OnnxEngine.Range> size)
      throws BackendException {
    List<String> texts = new ArrayList<>();
    for (TensorMetadata input : signature.inputs()) {
      long[] dims = input.shape().toArray();
      boolean open = false;
      for (int axis = 0; axis < dims.length; axis++) {
        if (dims[axis] != Shape.ANY) {
          continue;
        }
        open = true;
        dims[axis] =
            switch (axis) {
              case BATCH -> size.applyAsInt(options.batch());
              case LENGTH -> size.applyAsInt(options.length());
              default ->
                  throw new BackendException(
                      "input '%s' leaves axis %d open, and a profile knows rows and lengths alone: export the model with that axis fixed"
                          .formatted(input.name(), axis));
            };
      }
      if (open) {
        texts.add(
            input.name()
                + ":"
                + Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining("x")));
      }
    }
    return String.join(",", texts);
  }
}
