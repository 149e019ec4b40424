package dev.hone.server.image;

import java.util.List;
import java.util.OptionalInt;

/**
 * How an image becomes a model's input, as the artifact's manifest says: RGB or gray, resize,
 * center crop, rescale, normalize.
 *
 * @param height of the input, in pixels
 * @param width of the input, in pixels
 * @param channels 1 (gray) or 3 (RGB)
 * @param shortestEdge the length that the shorter edge is resized to before the middle is cut out;
 *     without it the image is stretched to height and width
 * @param filter how pixels are interpolated
 * @param rescaleFactor what a value of 0 to 255 is multiplied by
 * @param mean what is taken away from each channel after that
 * @param std what each channel is divided by after that
 */
public record ImageSpec(
    int height,
    int width,
    int channels,
    OptionalInt shortestEdge,
    Filter filter,
    double rescaleFactor,
    List<Double> mean,
    List<Double> std) {
  /** Checks that it can be done. */
  public ImageSpec {
    if (height < 1 || width < 1 || shortestEdge.orElse(1) < 1) {
      throw new IllegalArgumentException("a side of task.image is shorter than a pixel");
    }
    if (channels != 1 && channels != 3) {
      throw new IllegalArgumentException(
          "task.image has %d channels, and encoded images have 1 or 3".formatted(channels));
    }
    if (mean.size() != channels || std.size() != channels || std.contains(0.0)) {
      throw new IllegalArgumentException(
          "task.image needs a mean and a std other than 0 for each of its %d channels"
              .formatted(channels));
    }
    mean = List.copyOf(mean);
    std = List.copyOf(std);
  }
}
