package dev.hone.server.image;

import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** The JDK's decoders. They are used for samples only: what these mean is told elsewhere. */
final class Decoder {
  static {
    // No screen is needed, and no files beside the images that are in memory anyway.
    System.setProperty("java.awt.headless", "true");
    ImageIO.setUseCache(false);
  }

  private Decoder() {}

  /** Has what is above done, before anybody else asks the JDK for images. */
  static void prepare() {
    // The class is initialized by now.
  }

  /** The samples of a PNG file, or numbers of colors where it has a palette. */
  static Raster png(byte[] file) throws BadImageException {
    return read("png", file, reader -> reader.read(0).getRaster());
  }

  /** The samples of a JPEG file as stored: no colors are converted. */
  static Raster jpeg(byte[] file) throws BadImageException {
    return read("jpeg", file, reader -> reader.readRaster(0, null));
  }

  private static Raster read(String format, byte[] file, Reading reading) throws BadImageException {
    ImageReader reader = ImageIO.getImageReadersByFormatName(format).next();
    try (var in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
      reader.setInput(in, true, true);
      return reading.of(reader);
    } catch (IOException | RuntimeException e) {
      // What is damaged makes the JDK's readers fail in many ways, an index out of bounds among
      // them.
      throw new BadImageException("is damaged (%s)".formatted(reason(e)), e);
    } finally {
      reader.dispose();
    }
  }

  private static String reason(Exception e) {
    String said = e.getCause() == null ? e.getMessage() : e.getCause().getMessage();
    return said == null ? e.getClass().getSimpleName() : said;
  }

  private interface Reading {
    Raster of(ImageReader reader) throws IOException;
  }
}
