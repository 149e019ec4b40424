package dev.hone.server.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What TensorRT is told; what it makes of it takes a GPU. */
class TensorRtSettingsTest {
  private static final Signature TOKENS =
      signature(
          new TensorMetadata("input_ids", Datatype.INT64, Shape.of(-1, -1)),
          new TensorMetadata("attention_mask", Datatype.INT64, Shape.of(-1, -1)));

  private static Signature signature(TensorMetadata... inputs) {
    return new Signature(List.of(inputs), List.of(), true, Set.of());
  }

  private static OnnxEngine.Options options(Map<String, String> options) {
    return new OnnxEngine.Options(
        "TensorRT", options, new OnnxEngine.Range(1, 4, 8), new OnnxEngine.Range(16, 64, 128));
  }

  @Test
  void givesEveryOpenAxisItsRange() throws BackendException {
    assertThat(TensorRtSettings.of(TOKENS, options(Map.of("precision", "FP16"))))
        .containsExactly(
            Map.entry("trt_fp16_enable", "1"),
            Map.entry("trt_profile_max_shapes", "input_ids:8x128,attention_mask:8x128"),
            Map.entry("trt_profile_min_shapes", "input_ids:1x16,attention_mask:1x16"),
            Map.entry("trt_profile_opt_shapes", "input_ids:4x64,attention_mask:4x64"));
  }

  @Test
  void fixedAxesStayAsTheyAre() throws BackendException {
    Signature image =
        signature(new TensorMetadata("pixels", Datatype.FP32, Shape.of(-1, 3, 224, 224)));
    assertThat(TensorRtSettings.of(image, options(Map.of())))
        .containsEntry("trt_profile_opt_shapes", "pixels:4x3x224x224");
    Signature fixed = signature(new TensorMetadata("x", Datatype.FP32, Shape.of(1, 4)));
    assertThat(TensorRtSettings.of(fixed, options(Map.of()))).isEmpty();
  }

  @Test
  void refusesWhatAProfileCannotSay() {
    Signature open = signature(new TensorMetadata("pixels", Datatype.FP32, Shape.of(1, 3, -1, -1)));
    assertThatThrownBy(() -> TensorRtSettings.of(open, options(Map.of())))
        .hasMessageContaining("input 'pixels' leaves axis 2 open");
    assertThatThrownBy(() -> TensorRtSettings.of(TOKENS, options(Map.of("precision", "FP8"))))
        .hasMessageContaining("write FP32, FP16, BF16 or INT8");
    assertThatThrownBy(() -> TensorRtSettings.of(TOKENS, options(Map.of("speed", "1"))))
        .hasMessageContaining("'speed'");
  }
}
