package dev.hone.contract;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.hone.api.ApiType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an image becomes a model's input, in this order: RGB, resize, center crop, rescale,
 * normalize. Sides are in pixels; {@code mean} and {@code std} have one number for each channel.
 */
@ApiType
public record ImageInput(
    int height,
    int width,
    int channels,
    @Nullable Integer resizeShortestEdge,
    Resample resample,
    double rescaleFactor,
    List<Double> mean,
    List<Double> std) {

  public ImageInput {
    mean = List.copyOf(mean);
    std = List.copyOf(std);
  }

  /** How pixels are interpolated, by Pillow's names. */
  public enum Resample {
    @JsonProperty("Nearest")
    NEAREST,
    @JsonProperty("Lanczos")
    LANCZOS,
    @JsonProperty("Bilinear")
    BILINEAR,
    @JsonProperty("Bicubic")
    BICUBIC,
    @JsonProperty("Box")
    BOX,
    @JsonProperty("Hamming")
    HAMMING
  }
}
