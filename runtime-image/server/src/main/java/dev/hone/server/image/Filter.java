package dev.hone.server.image;

import java.util.Arrays;

/** Pillow's filters for resizing, which are all but {@link #NEAREST} convolutions. */
public enum Filter {
  /** Takes the pixel that is there. */
  NEAREST(0),
  BOX(0.5),
  BILINEAR(1),
  HAMMING(1),
  BICUBIC(2),
  LANCZOS(3);

  private final double support;

  Filter(double support) {
    this.support = support;
  }

  /**
   * The one of that name, such as Bicubic.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Filter named(String name) {
    return Arrays.stream(values())
        .filter(filter -> filter.name().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "task.image.resample is %s, which is none of Pillow's filters"
                        .formatted(name)));
  }

  /** How far it reaches to either side, in pixels of the coarser of both images. */
  double support() {
    return support;
  }

  /** The weight of a pixel at that distance. */
  double weight(double x) {
    double distance = Math.abs(x);
    return switch (this) {
      case NEAREST -> throw new IllegalStateException("takes one pixel");
      case BOX -> x > -0.5 && x <= 0.5 ? 1 : 0;
      case BILINEAR -> distance < 1 ? 1 - distance : 0;
      case HAMMING -> hamming(distance);
      case BICUBIC -> bicubic(distance);
      case LANCZOS -> x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
    };
  }

  private static double hamming(double distance) {
    if (distance == 0) {
      return 1;
    }
    // Pillow's two constants are floats.
    return distance < 1 ? sinc(distance) * (0.54f + 0.46f * Math.cos(distance * Math.PI)) : 0;
  }

  /** Keys' kernel with a = -0.5. */
  private static double bicubic(double distance) {
    if (distance < 1) {
      return (1.5 * distance - 2.5) * distance * distance + 1;
    }
    return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * -0.5 : 0;
  }

  private static double sinc(double x) {
    return x == 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
  }
}
