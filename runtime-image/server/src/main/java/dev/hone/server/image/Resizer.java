package dev.hone.server.image;

/**
 * Resizes as Pillow does, to the bit: a convolution whose reach grows with the reduction, first
 * along the rows, then along the columns, each with weights of 22 bits and rounded to 8 bits.
 *
 * <p>Only a window of the resized image is computed, so a long and thin image costs no more than
 * another one.
 */
final class Resizer {
  private static final int PRECISION = 22;
  private static final int HALF = 1 << (PRECISION - 1);

  private final Filter filter;

  Resizer(Filter filter) {
    this.filter = filter;
  }

  /**
   * A part of the image that those axes describe; what lies beyond its edges is black.
   *
   * @param columns how many the resized image has, and which of them are wanted
   * @param rows the same along the other axis
   */
  Pixels resize(Pixels image, Axis columns, Axis rows) {
    Pixels window = new Pixels(columns.length(), rows.length(), image.channels());
    return filter == Filter.NEAREST
        ? nearest(image, columns, rows, window)
        : convolve(image, columns, rows, window);
  }

  private static Pixels nearest(Pixels image, Axis columns, Axis rows, Pixels window) {
    int[] fromX = columns.nearest(image.width());
    int[] fromY = rows.nearest(image.height());
    int channels = image.channels();
    for (int y = 0; y < window.height(); y++) {
      for (int x = 0; x < window.width(); x++) {
        if (fromX[x] >= 0 && fromY[y] >= 0) {
          System.arraycopy(
              image.data(),
              (fromY[y] * image.width() + fromX[x]) * channels,
              window.data(),
              (y * window.width() + x) * channels,
              channels);
        }
      }
    }
    return window;
  }

  private Pixels convolve(Pixels image, Axis columns, Axis rows, Pixels window) {
    Weights across = Weights.of(columns, image.width(), filter);
    Weights down = Weights.of(rows, image.height(), filter);
    int top = down.first();
    int height = Math.max(down.end() - top, 0);
    Pixels narrow = new Pixels(window.width(), height, image.channels());
    int channels = image.channels();
    for (int y = 0; y < height; y++) {
      int row = (y + top) * image.width() * channels;
      for (int x = 0; x < window.width(); x++) {
        int[] weights = across.weights()[x];
        int from = row + across.starts()[x] * channels;
        for (int channel = 0; channel < channels; channel++) {
          narrow.data()[(y * window.width() + x) * channels + channel] =
              sum(image.data(), from + channel, channels, weights);
        }
      }
    }
    int stride = window.width() * channels;
    for (int y = 0; y < window.height(); y++) {
      int[] weights = down.weights()[y];
      int from = (down.starts()[y] - top) * stride;
      for (int at = 0; at < stride; at++) {
        window.data()[y * stride + at] = sum(narrow.data(), from + at, stride, weights);
      }
    }
    return window;
  }

  private static byte sum(byte[] data, int from, int step, int[] weights) {
    if (weights.length == 0) {
      return 0;
    }
    int sum = HALF;
    int at = from;
    for (int weight : weights) {
      sum += (data[at] & 0xFF) * weight;
      at += step;
    }
    return (byte) Math.clamp(sum >> PRECISION, 0, 255);
  }

  /**
   * One axis of a resized image, and the part of it that is wanted.
   *
   * @param size how many pixels all of it has
   * @param offset the first that is wanted; below 0 it begins with what is not there
   * @param length how many are wanted
   */
  record Axis(long size, long offset, int length) {
    /** All of it. */
    static Axis whole(int size) {
      return new Axis(size, 0, size);
    }

    /** Its middle, as Transformers cuts it out. */
    static Axis middle(long size, int length) {
      return new Axis(size, Math.floorDiv(size - length, 2), length);
    }

    /** For each wanted pixel the source's that is taken; -1 where none is there. */
    private int[] nearest(int source) {
      int[] from = new int[length];
      double scale = (double) source / size;
      double at = scale * 0.5;
      for (long index = 0; index < Math.min(offset + length, size); index++) {
        if (index >= offset) {
          from[(int) (index - offset)] = Math.min((int) at, source - 1);
        }
        // Added up, as Pillow does: a product would round elsewhere.
        at += scale;
      }
      for (int index = 0; index < length; index++) {
        if (index + offset < 0 || index + offset >= size) {
          from[index] = -1;
        }
      }
      return from;
    }
  }

  /**
   * What each wanted pixel is made of.
   *
   * @param starts the first source pixel of each
   * @param weights those of that one and the next; none for a pixel that is not there
   */
  private record Weights(int[] starts, int[][] weights) {
    static Weights of(Axis axis, int source, Filter filter) {
      double scale = (double) source / axis.size();
      double stretch = Math.max(scale, 1);
      double support = filter.support() * stretch;
      int[] starts = new int[axis.length()];
      int[][] weights = new int[axis.length()][];
      for (int index = 0; index < axis.length(); index++) {
        long place = axis.offset() + index;
        if (place < 0 || place >= axis.size()) {
          weights[index] = new int[0];
          continue;
        }
        double center = (place + 0.5) * scale;
        int start = Math.max((int) (center - support + 0.5), 0);
        int end = Math.min((int) (center + support + 0.5), source);
        starts[index] = start;
        weights[index] = weights(filter, start, end, center, stretch);
      }
      return new Weights(starts, weights);
    }

    private static int[] weights(Filter filter, int start, int end, double center, double stretch) {
      double[] exact = new double[end - start];
      double total = 0;
      for (int at = 0; at < exact.length; at++) {
        exact[at] = filter.weight((at + start - center + 0.5) * (1 / stretch));
        total += exact[at];
      }
      int[] fixed = new int[exact.length];
      for (int at = 0; at < exact.length; at++) {
        double share = total == 0 ? exact[at] : exact[at] / total;
        fixed[at] = (int) (share * (1 << PRECISION) + (share < 0 ? -0.5 : 0.5));
      }
      return fixed;
    }

    /** The first source pixel that any of them needs. */
    int first() {
      int first = Integer.MAX_VALUE;
      for (int index = 0; index < starts.length; index++) {
        first = weights[index].length > 0 ? Math.min(first, starts[index]) : first;
      }
      return first == Integer.MAX_VALUE ? 0 : first;
    }

    /** The one behind the last source pixel that any of them needs. */
    int end() {
      int end = 0;
      for (int index = 0; index < starts.length; index++) {
        end =
            weights[index].length > 0 ? Math.max(end, starts[index] + weights[index].length) : end;
      }
      return end;
    }
  }
}
