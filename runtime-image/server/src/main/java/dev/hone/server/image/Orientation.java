package dev.hone.server.image;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How a camera was held: EXIF's orientations 1 to 8. The trainer's images come through {@code
 * datasets}, which turns them upright, so the server does the same.
 *
 * @param tag EXIF's number; every one but 2 to 8 leaves the image as it is
 */
record Orientation(int tag) {
  static final Orientation UPRIGHT = new Orientation(1);

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final int LONG = 4;
  private static final int FIELD_BYTES = 12;
  private static final Pattern XMP = Pattern.compile("tiff:Orientation(=\"|>)([0-9])");

  /** What a TIFF directory, which is what EXIF is, says; a broken one says nothing. */
  static OptionalInt ofExif(byte[] tiff) {
    try {
      ByteBuffer data = ByteBuffer.wrap(tiff);
      data.order(data.get(0) == 'M' ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
      int directory = data.getInt(4);
      int fields = Short.toUnsignedInt(data.getShort(directory));
      for (int field = 0; field < fields; field++) {
        int at = directory + 2 + field * FIELD_BYTES;
        if (Short.toUnsignedInt(data.getShort(at)) == TAG) {
          return switch (data.getShort(at + 2)) {
            case SHORT -> OptionalInt.of(Short.toUnsignedInt(data.getShort(at + 8)));
            case LONG -> OptionalInt.of(data.getInt(at + 8));
            default -> OptionalInt.empty();
          };
        }
      }
    } catch (IndexOutOfBoundsException | BufferUnderflowException e) {
      return OptionalInt.empty();
    }
    return OptionalInt.empty();
  }

  /** What an XMP packet says. */
  static OptionalInt ofXmp(byte[] packet) {
    Matcher matcher = XMP.matcher(new String(packet, StandardCharsets.ISO_8859_1));
    return matcher.find()
        ? OptionalInt.of(Integer.parseInt(matcher.group(2)))
        : OptionalInt.empty();
  }

  /** Whether it changes an image at all. */
  boolean turns() {
    return tag >= 2 && tag <= 8;
  }

  /** The image upright. */
  Pixels apply(Pixels image) {
    if (!turns()) {
      return image;
    }
    boolean swapped = tag >= 5;
    int width = swapped ? image.height() : image.width();
    int height = swapped ? image.width() : image.height();
    Pixels upright = new Pixels(width, height, image.channels());
    int channels = image.channels();
    int lastX = image.width() - 1;
    int lastY = image.height() - 1;
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int fromX =
            switch (tag) {
              case 2, 3 -> lastX - x;
              case 4 -> x;
              case 5, 6 -> y;
              default -> lastX - y;
            };
        int fromY =
            switch (tag) {
              case 2 -> y;
              case 3, 4 -> lastY - y;
              case 5, 8 -> x;
              default -> lastY - x;
            };
        System.arraycopy(
            image.data(),
            (fromY * image.width() + fromX) * channels,
            upright.data(),
            (y * width + x) * channels,
            channels);
      }
    }
    return upright;
  }
}
