package dev.hone.server.image;

/** Colors to gray and to RGB, each as Pillow or libjpeg rounds them. */
final class Colors {
  private Colors() {}

  /** The luma of ITU-R 601-2 in 16 bits. */
  static int gray(int red, int green, int blue) {
    return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
  }

  /** Writes a color at a pixel of an image of 1 or 3 channels. */
  static void put(Pixels image, int pixel, int red, int green, int blue) {
    if (image.channels() == 1) {
      image.data()[pixel] = (byte) gray(red, green, blue);
    } else {
      image.data()[pixel * 3] = (byte) red;
      image.data()[pixel * 3 + 1] = (byte) green;
      image.data()[pixel * 3 + 2] = (byte) blue;
    }
  }

  /** Writes a gray at a pixel of an image of 1 or 3 channels. */
  static void putGray(Pixels image, int pixel, int gray) {
    int channels = image.channels();
    for (int channel = 0; channel < channels; channel++) {
      image.data()[pixel * channels + channel] = (byte) gray;
    }
  }

  /** Red of YCbCr. */
  static int red(int luma, int redness) {
    return clip(luma + ((91881 * (redness - 128) + 32768) >> 16));
  }

  /** Green of YCbCr. */
  static int green(int luma, int blueness, int redness) {
    return clip(luma + ((-22554 * (blueness - 128) + 32768 - 46802 * (redness - 128)) >> 16));
  }

  /** Blue of YCbCr. */
  static int blue(int luma, int blueness) {
    return clip(luma + ((116130 * (blueness - 128) + 32768) >> 16));
  }

  /** A color under black ink; both in the ink's own sense, 255 being full. */
  static int underInk(int ink, int black) {
    int paper = 255 - black;
    int product = ink * paper + 128;
    return clip(paper - (((product >> 8) + product) >> 8));
  }

  private static int clip(int value) {
    return Math.clamp(value, 0, 255);
  }
}
