package dev.hone.server.image;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.zip.CRC32;

/**
 * A PNG file. The decoder gets what makes the pixels and nothing else: profiles and texts, which
 * may be compressed, are nobody's business here. An alpha channel or transparent color is left out,
 * as Pillow's conversion to RGB does.
 *
 * @param depth bits of a sample
 * @param color PNG's color type
 * @param palette three bytes for each color; empty without one
 * @param stripped the file with the chunks that make the pixels
 */
record PngFile(
    int width,
    int height,
    int depth,
    int color,
    byte[] palette,
    Orientation orientation,
    byte[] stripped)
    implements ImageFile {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  private static final byte[] XMP = "XML:com.adobe.xmp\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final int HEADER_BYTES = 13;
  private static final int GRAY = 0;
  private static final int RGB = 2;
  private static final int PALETTE = 3;
  private static final int GRAY_ALPHA = 4;
  private static final int RGB_ALPHA = 6;

  /** Length, type and checksum. */
  private static final int FRAME_BYTES = 12;

  static boolean begins(byte[] file) {
    return begins(file, SIGNATURE);
  }

  private static boolean begins(byte[] bytes, byte[] with) {
    return bytes.length >= with.length
        && Arrays.equals(bytes, 0, with.length, with, 0, with.length);
  }

  /** Reads everything but the pixels. */
  static PngFile read(byte[] file) throws BadImageException {
    ByteBuffer in = ByteBuffer.wrap(file);
    ByteArrayOutputStream kept = new ByteArrayOutputStream(file.length);
    kept.write(SIGNATURE, 0, SIGNATURE.length);
    byte[] header = new byte[0];
    byte[] palette = new byte[0];
    OptionalInt exif = OptionalInt.empty();
    OptionalInt xmp = OptionalInt.empty();
    boolean data = false;
    int at = SIGNATURE.length;
    while (at + FRAME_BYTES <= file.length) {
      int length = in.getInt(at);
      if (length < 0 || length > file.length - at - FRAME_BYTES) {
        break;
      }
      int end = at + FRAME_BYTES + length;
      String type = new String(file, at + 4, 4, StandardCharsets.ISO_8859_1);
      byte[] body =
          type.equals("IDAT") ? new byte[0] : Arrays.copyOfRange(file, at + 8, at + 8 + length);
      switch (type) {
        case "IHDR", "PLTE", "IDAT", "IEND" -> {
          requireChecksum(file, at, length, type);
          kept.write(file, at, end - at);
          header = type.equals("IHDR") ? body : header;
          palette = type.equals("PLTE") ? body : palette;
          data |= type.equals("IDAT");
        }
        case "eXIf" -> exif = Orientation.ofExif(body);
        case "iTXt" -> xmp = begins(body, XMP) ? Orientation.ofXmp(body) : xmp;
        default -> {
          // Says nothing about the pixels.
        }
      }
      if (header.length == 0) {
        throw new BadImageException("does not begin with its header (IHDR)");
      }
      at = end;
      if (type.equals("IEND")) {
        break;
      }
    }
    if (!data) {
      throw new BadImageException("is cut off before its pixels");
    }
    int tag = exif.orElse(xmp.orElse(1));
    return of(header, palette, new Orientation(tag), kept.toByteArray());
  }

  private static void requireChecksum(byte[] file, int at, int length, String type)
      throws BadImageException {
    CRC32 sum = new CRC32();
    sum.update(file, at + 4, length + 4);
    if ((int) sum.getValue() != ByteBuffer.wrap(file).getInt(at + 8 + length)) {
      throw new BadImageException(
          "is damaged: the checksum of a part of it (" + type + ") is wrong");
    }
  }

  private static PngFile of(byte[] header, byte[] palette, Orientation orientation, byte[] stripped)
      throws BadImageException {
    if (header.length != HEADER_BYTES) {
      throw new BadImageException("has a header (IHDR) of %d bytes".formatted(header.length));
    }
    ByteBuffer fields = ByteBuffer.wrap(header);
    int depth = fields.get(8);
    int color = fields.get(9);
    boolean known =
        switch (color) {
          case GRAY -> depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16;
          case PALETTE -> depth == 1 || depth == 2 || depth == 4 || depth == 8;
          case RGB, GRAY_ALPHA, RGB_ALPHA -> depth == 8 || depth == 16;
          default -> false;
        };
    if (!known) {
      throw new BadImageException(
          "has %d bits of color type %d, which no PNG has".formatted(depth, color));
    }
    if (color == PALETTE && palette.length == 0) {
      throw new BadImageException("has colors by number and no palette (PLTE)");
    }
    return new PngFile(
        fields.getInt(0), fields.getInt(4), depth, color, palette, orientation, stripped);
  }

  private int samples() {
    return switch (color) {
      case RGB -> 3;
      case GRAY_ALPHA -> 2;
      case RGB_ALPHA -> 4;
      default -> 1;
    };
  }

  @Override
  public int bytesPerPixel() {
    return samples() * (depth == 16 ? 2 : 1) + (orientation.turns() ? 6 : 3);
  }

  @Override
  public Pixels decode(int channels) throws BadImageException {
    Raster raster = Decoder.png(stripped);
    if (raster.getWidth() != width
        || raster.getHeight() != height
        || raster.getNumBands() != samples()) {
      throw new BadImageException("is damaged: its pixels are not what its header says");
    }
    Pixels image = new Pixels(width, height, channels);
    int[] row = new int[width * samples()];
    for (int y = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        put(image, y * width + x, row, x * samples());
      }
    }
    return orientation.apply(image);
  }

  private void put(Pixels image, int pixel, int[] row, int at) {
    switch (color) {
      case GRAY -> Colors.putGray(image, pixel, gray(row[at]));
      case GRAY_ALPHA -> Colors.putGray(image, pixel, upper(row[at]));
      case PALETTE -> {
        int entry = row[at] * 3;
        boolean there = entry + 2 < palette.length;
        Colors.put(
            image,
            pixel,
            there ? palette[entry] & 0xFF : 0,
            there ? palette[entry + 1] & 0xFF : 0,
            there ? palette[entry + 2] & 0xFF : 0);
      }
      default -> Colors.put(image, pixel, upper(row[at]), upper(row[at + 1]), upper(row[at + 2]));
    }
  }

  /** Fewer bits are stretched; of 16 Pillow cuts off what is above 255. */
  private int gray(int sample) {
    return depth == 16 ? Math.min(sample, 255) : sample * 255 / ((1 << depth) - 1);
  }

  private int upper(int sample) {
    return depth == 16 ? sample >> 8 : sample;
  }
}
