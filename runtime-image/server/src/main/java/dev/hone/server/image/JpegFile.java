package dev.hone.server.image;

import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A JPEG file. The decoder gets no application's segments: it would convert by an embedded color
 * profile, which Pillow does not. It gives the samples as they are stored, and their colors are
 * told and computed here as libjpeg-turbo and Pillow do.
 *
 * @param components 1 (gray), 3 (YCbCr or RGB) or 4 (inks)
 * @param luma whether its first three components are luma and chroma
 * @param scans how often it goes over the image
 * @param stripped the file without application's segments
 */
record JpegFile(
    int width,
    int height,
    int components,
    boolean luma,
    int scans,
    Orientation orientation,
    byte[] stripped)
    implements ImageFile {
  /** Each scan costs as much as a whole image; common files have about ten. */
  static final int MAX_SCANS = 50;

  private static final int SOI = 0xD8;
  private static final int EOI = 0xD9;
  private static final int SOS = 0xDA;
  private static final int COMMENT = 0xFE;
  private static final int APP0 = 0xE0;
  private static final int APP1 = 0xE1;
  private static final int APP14 = 0xEE;
  private static final int APP15 = 0xEF;
  private static final byte[] JFIF = "JFIF\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] ADOBE = "Adobe".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] XMP =
      "http://ns.adobe.com/xap/1.0/\0".getBytes(StandardCharsets.ISO_8859_1);
  private static final int ADOBE_TRANSFORM = 11;

  static boolean begins(byte[] file) {
    return file.length >= 3
        && (file[0] & 0xFF) == 0xFF
        && (file[1] & 0xFF) == SOI
        && (file[2] & 0xFF) == 0xFF;
  }

  /** Reads everything but the pixels. */
  static JpegFile read(byte[] file) throws BadImageException {
    return new Header(file).read();
  }

  @Override
  public int bytesPerPixel() {
    // Coefficients of several scans are kept, in 16 bits.
    return components * (scans > 1 ? 3 : 1) + (orientation.turns() ? 6 : 3);
  }

  @Override
  public Pixels decode(int channels) throws BadImageException {
    Raster raster = Decoder.jpeg(stripped);
    if (raster.getWidth() != width
        || raster.getHeight() != height
        || raster.getNumBands() != components) {
      throw new BadImageException("is damaged: its pixels are not what its header says");
    }
    Pixels image = new Pixels(width, height, channels);
    int[] row = new int[width * components];
    for (int y = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      for (int x = 0; x < width; x++) {
        put(image, y * width + x, row, x * components);
      }
    }
    return orientation.apply(image);
  }

  private void put(Pixels image, int pixel, int[] row, int at) {
    int first = row[at];
    if (components == 1) {
      Colors.putGray(image, pixel, first);
      return;
    }
    int second = row[at + 1];
    int third = row[at + 2];
    int red = luma ? Colors.red(first, third) : first;
    int green = luma ? Colors.green(first, second, third) : second;
    int blue = luma ? Colors.blue(first, second) : third;
    if (components == 3) {
      Colors.put(image, pixel, red, green, blue);
      return;
    }
    // Pillow takes all inks for Adobe's, which are stored the other way round; YCCK turns its first
    // three round once more.
    int black = 255 - row[at + 3];
    Colors.put(
        image,
        pixel,
        Colors.underInk(luma ? red : 255 - red, black),
        Colors.underInk(luma ? green : 255 - green, black),
        Colors.underInk(luma ? blue : 255 - blue, black));
  }

  /** Walks over the segments of a file. */
  private static final class Header {
    private final byte[] file;
    private final ByteArrayOutputStream kept;
    private int at = 2;
    private int[] ids = new int[0];
    private int width;
    private int height;
    private boolean jfif;
    private Optional<Integer> adobe = Optional.empty();
    private OptionalInt exif = OptionalInt.empty();
    private OptionalInt xmp = OptionalInt.empty();

    Header(byte[] file) {
      this.file = file;
      this.kept = new ByteArrayOutputStream(file.length);
      kept.write(file, 0, 2);
    }

    JpegFile read() throws BadImageException {
      int marker = marker();
      while (marker != SOS) {
        if (marker == EOI) {
          throw new BadImageException("holds no image");
        }
        int start = at;
        byte[] body = body();
        if ((marker < APP0 || marker > APP15) && marker != COMMENT) {
          kept.write(0xFF);
          kept.write(marker);
          kept.write(file, start, at - start);
        }
        take(marker, body);
        marker = marker();
      }
      if (ids.length == 0) {
        throw new BadImageException("has pixels before it says how many");
      }
      kept.write(file, at - 2, file.length - at + 2);
      int scans = scans();
      if (scans > MAX_SCANS) {
        throw new BadImageException(
            "has %d scans, and at most %d are decoded".formatted(scans, MAX_SCANS));
      }
      return new JpegFile(
          width,
          height,
          ids.length,
          luma(),
          scans,
          new Orientation(exif.orElse(xmp.orElse(1))),
          kept.toByteArray());
    }

    private void take(int marker, byte[] body) throws BadImageException {
      switch (marker) {
        case 0xC0, 0xC1, 0xC2 -> frame(body);
        case 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF ->
            throw new BadImageException(
                "is compressed in a way that is not read (lossless, hierarchical or arithmetic)");
        case APP0 -> jfif |= begins(body, JFIF);
        case APP1 -> {
          if (begins(body, EXIF) && exif.isEmpty()) {
            exif = Orientation.ofExif(Arrays.copyOfRange(body, EXIF.length, body.length));
          } else if (begins(body, XMP)) {
            xmp = Orientation.ofXmp(body);
          }
        }
        case APP14 -> {
          if (begins(body, ADOBE) && body.length > ADOBE_TRANSFORM) {
            adobe = Optional.of(body[ADOBE_TRANSFORM] & 0xFF);
          }
        }
        default -> {
          // Tables, which are the decoder's, and what other applications say.
        }
      }
    }

    private void frame(byte[] body) throws BadImageException {
      int count = body.length < 6 ? 0 : body[5] & 0xFF;
      if (body.length < 6 + 3 * count || ids.length > 0) {
        throw new BadImageException("has a broken header");
      }
      if (body[0] != 8) {
        throw new BadImageException("has %d bits a channel, and 8 are read".formatted(body[0]));
      }
      if (count != 1 && count != 3 && count != 4) {
        throw new BadImageException("has %d channels, and 1, 3 or 4 are read".formatted(count));
      }
      height = (body[1] & 0xFF) << 8 | body[2] & 0xFF;
      width = (body[3] & 0xFF) << 8 | body[4] & 0xFF;
      ids = new int[count];
      for (int index = 0; index < count; index++) {
        ids[index] = body[6 + 3 * index] & 0xFF;
      }
    }

    /** As libjpeg-turbo guesses. */
    private boolean luma() {
      if (ids.length == 4) {
        return adobe.isPresent() && adobe.get() != 0;
      }
      if (ids.length == 1 || jfif) {
        return ids.length == 3;
      }
      return adobe
          .map(transform -> transform != 0)
          .orElse(!Arrays.equals(ids, new int[] {'R', 'G', 'B'}));
    }

    /** Goes over the pixels, from the first scan on. */
    private int scans() throws BadImageException {
      int scans = 1;
      body();
      while (true) {
        int marker = marker();
        if (marker == EOI) {
          return scans;
        }
        // A byte of the pixels that looks like a marker, and the places to start again.
        if (marker == 0 || (marker >= 0xD0 && marker <= 0xD7)) {
          continue;
        }
        scans += marker == SOS ? 1 : 0;
        body();
      }
    }

    /** The next marker, whatever stands before it. */
    private int marker() throws BadImageException {
      while (at < file.length && (file[at] & 0xFF) != 0xFF) {
        at++;
      }
      while (at < file.length && (file[at] & 0xFF) == 0xFF) {
        at++;
      }
      if (at >= file.length) {
        throw new BadImageException("is cut off");
      }
      return file[at++] & 0xFF;
    }

    /** What a segment holds behind its length. */
    private byte[] body() throws BadImageException {
      if (at + 2 > file.length) {
        throw new BadImageException("is cut off");
      }
      int length = (file[at] & 0xFF) << 8 | file[at + 1] & 0xFF;
      if (length < 2 || length > file.length - at) {
        throw new BadImageException("is cut off");
      }
      byte[] body = Arrays.copyOfRange(file, at + 2, at + length);
      at += length;
      return body;
    }

    private static boolean begins(byte[] body, byte[] with) {
      return body.length >= with.length
          && Arrays.equals(body, 0, with.length, with, 0, with.length);
    }
  }
}
