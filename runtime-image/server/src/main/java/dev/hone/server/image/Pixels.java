package dev.hone.server.image;

/**
 * A decoded image of 8 bits a channel.
 *
 * @param channels 1 (gray) or 3 (RGB)
 * @param data row by row, the channels of a pixel side by side
 */
record Pixels(int width, int height, int channels, byte[] data) {
  Pixels {
    if ((long) width * height * channels != data.length) {
      throw new IllegalArgumentException(
          "%d x %d x %d does not hold %d bytes".formatted(width, height, channels, data.length));
    }
  }

  /** A black image. */
  Pixels(int width, int height, int channels) {
    this(
        width,
        height,
        channels,
        new byte[Math.multiplyExact(Math.multiplyExact(width, height), channels)]);
  }

  /** One channel of one pixel, from 0 to 255. */
  int at(int x, int y, int channel) {
    return data[(y * width + x) * channels + channel] & 0xFF;
  }
}
