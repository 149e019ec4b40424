package dev.hone.server.image;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.testing.Images;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.zip.CRC32;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

class ImageEncoderTest {
  /** Of a value near 1: what the last step in 32 bits may differ by. */
  private static final float TOLERANCE = 1e-6f;

  private static final long MAX_PIXELS = 100_000;
  private static final DecodeMemory MEMORY = new DecodeMemory(1 << 20);

  private static ImageEncoder encoder(JsonNode spec) {
    ImageSpec read =
        new ImageSpec(
            spec.path("height").asInt(),
            spec.path("width").asInt(),
            spec.path("channels").asInt(),
            spec.has("resizeShortestEdge")
                ? OptionalInt.of(spec.path("resizeShortestEdge").asInt())
                : OptionalInt.empty(),
            Filter.named(spec.path("resample").asText()),
            spec.path("rescaleFactor").asDouble(),
            spec.path("mean").valueStream().map(JsonNode::asDouble).toList(),
            spec.path("std").valueStream().map(JsonNode::asDouble).toList());
    TensorMetadata input =
        new TensorMetadata(
            "pixel_values",
            Datatype.FP32,
            Shape.of(Shape.ANY, read.channels(), read.height(), read.width()));
    assertThat(ImageEncoder.supports(input, read)).isTrue();
    return new ImageEncoder(read, input, MAX_PIXELS, MEMORY);
  }

  private static ImageEncoder encoder() {
    return encoder(Images.expected().path("processors").path("cropped"));
  }

  private static NumericTensor encode(ImageEncoder encoder, byte[]... files) {
    BytesTensor images = new BytesTensor("image", Shape.of(files.length), List.of(files));
    return (NumericTensor) requireNonNull(encoder.encode(images).get("pixel_values"));
  }

  private static void assertRefused(byte[] file, String sentence) {
    assertThatThrownBy(() -> encode(encoder(), Images.file("rgb.png"), file))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("element 1 of input 'image' ")
        .hasMessageContaining(sentence);
  }

  @Test
  void makesWhatTheTrainerMakes() {
    JsonNode expected = Images.expected();
    FloatBuffer pixels = Images.pixels();
    assertThat(expected.path("cases")).hasSizeGreaterThan(60);
    SoftAssertions all = new SoftAssertions();
    for (JsonNode example : expected.path("cases")) {
      String image = example.path("image").asText();
      String processor = example.path("processor").asText();
      NumericTensor made =
          encode(encoder(expected.path("processors").path(processor)), Images.file(image));
      double most = 0;
      double size = 1;
      for (int index = 0; index < made.elements(); index++) {
        float right = pixels.get(example.path("offset").asInt() + index);
        most = Math.max(most, Math.abs(made.floating(index) - right));
        size = Math.max(size, Math.abs(right));
      }
      all.assertThat(most / size).as("%s by %s", image, processor).isLessThan(TOLERANCE);
    }
    all.assertAll();
  }

  @Test
  void takesBase64() {
    byte[] file = Images.file("420.jpg");
    assertThat(encode(encoder(), Base64.getEncoder().encode(file)).data())
        .isEqualTo(encode(encoder(), file).data());
  }

  @Test
  void saysWhatIsNoImage() {
    String sentence = "is neither a PNG nor a JPEG file: send the file's own bytes, or its base64";
    assertRefused(new byte[0], sentence);
    assertRefused("GIF89a".getBytes(java.nio.charset.StandardCharsets.UTF_8), sentence);
    assertRefused(
        Base64.getEncoder().encode("no image".getBytes(java.nio.charset.StandardCharsets.UTF_8)),
        sentence);
  }

  @Test
  void saysWhatIsCutOff() {
    for (String name : List.of("420.jpg", "progressive.jpg", "gray.jpg")) {
      byte[] file = Images.file(name);
      for (int length : new int[] {3, 20, file.length / 2, file.length - 2}) {
        assertRefused(Arrays.copyOf(file, length), "is cut off");
      }
    }
    byte[] png = Images.file("rgb.png");
    assertRefused(Arrays.copyOf(png, png.length / 2), "is cut off before its pixels");
    assertRefused(Arrays.copyOf(png, 8), "is cut off before its pixels");
  }

  @Test
  void saysWhatIsDamaged() {
    byte[] png = Images.file("rgb.png");
    png[60] ^= 1;
    assertRefused(png, "the checksum of a part of it (IDAT) is wrong");
    assertRefused(withIntact(png), "is damaged (");
    byte[] lossless = Images.file("420.jpg");
    lossless[frame(lossless) + 1] = (byte) 0xC3;
    assertRefused(lossless, "is compressed in a way that is not read");
    byte[] deep = Images.file("420.jpg");
    deep[frame(deep) + 4] = 12;
    assertRefused(deep, "has 12 bits a channel");
  }

  @Test
  void decodesNothingThatIsTooLarge() {
    byte[] jpeg = Images.file("420.jpg");
    int at = frame(jpeg);
    jpeg[at + 5] = (byte) 0xFF;
    jpeg[at + 7] = (byte) 0xFF;
    assertRefused(jpeg, "but at most 100000, and 65535 to a side, are decoded");
    byte[] png = Images.file("rgb.png");
    png[16] = 0x7F;
    assertRefused(withIntact(png), "raise HONE_MAX_IMAGE_PIXELS");
    png[16] = (byte) 0xFF;
    assertRefused(withIntact(png), "it says that it has no pixels");
    jpeg[at + 5] = 1;
    jpeg[at + 7] = 1;
    ImageSpec spec =
        new ImageSpec(1, 1, 1, OptionalInt.empty(), Filter.BOX, 1, List.of(0.0), List.of(1.0));
    TensorMetadata input = new TensorMetadata("x", Datatype.FP32, Shape.of(-1, 1, 1, 1));
    ImageEncoder narrow = new ImageEncoder(spec, input, MAX_PIXELS, new DecodeMemory(4096));
    assertThatThrownBy(() -> encode(narrow, jpeg))
        .hasMessageContaining("and this server has 4096 for that");
  }

  @Test
  void scansAreCounted() throws Exception {
    assertThat(JpegFile.read(Images.file("420.jpg")).scans()).isEqualTo(1);
    byte[] file = Images.file("progressive.jpg");
    assertThat(JpegFile.read(file).scans()).isBetween(6, 20);
    int last = file.length - 2;
    byte[] scan = {(byte) 0xFF, (byte) 0xDA, 0, 2};
    byte[] many = Arrays.copyOf(file, last + JpegFile.MAX_SCANS * scan.length + 2);
    for (int count = 0; count < JpegFile.MAX_SCANS; count++) {
      System.arraycopy(scan, 0, many, last + count * scan.length, scan.length);
    }
    many[many.length - 2] = (byte) 0xFF;
    many[many.length - 1] = (byte) 0xD9;
    assertRefused(many, "scans, and at most 50 are decoded");
  }

  /** Whatever is changed in a file, there is an answer or a sentence. */
  @Test
  void failsOnNothingUnknown() {
    Random random = new Random(20261129);
    ImageEncoder encoder = encoder();
    List<String> names =
        List.of(
            "420.jpg",
            "progressive.jpg",
            "inks.jpg",
            "gray.jpg",
            "orientation-6.jpg",
            "rgb.png",
            "rgb-interlaced.png",
            "palette-alpha.png",
            "gray-1-bit.png",
            "rgba-16-bits.png");
    int answered = 0;
    int refused = 0;
    for (int count = 0; count < 3000; count++) {
      String name = names.get(random.nextInt(names.size()));
      byte[] file = Images.file(name);
      for (int change = random.nextInt(4); change >= 0; change--) {
        file[random.nextInt(file.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        file = Arrays.copyOf(file, random.nextInt(file.length));
      }
      try {
        encode(encoder, random.nextInt(4) > 0 && name.endsWith("png") ? withIntact(file) : file);
        answered++;
      } catch (ProtocolException e) {
        assertThat(e.status()).isEqualTo(400);
        refused++;
      }
    }
    assertThat(answered).isGreaterThan(100);
    assertThat(refused).isGreaterThan(100);
    assertThat(encode(encoder, Images.file("rgb.png")).elements()).isPositive();
  }

  /** The place of a JPEG's frame header. */
  private static int frame(byte[] jpeg) {
    for (int at = 2; at < jpeg.length; at++) {
      if ((jpeg[at - 1] & 0xFF) == 0xFF && ((jpeg[at] & 0xFF) == 0xC0)) {
        return at - 1;
      }
    }
    throw new AssertionError("no frame");
  }

  /** The same PNG with checksums that are right. */
  private static byte[] withIntact(byte[] png) {
    byte[] intact = png.clone();
    java.nio.ByteBuffer data = java.nio.ByteBuffer.wrap(intact);
    for (int at = 8; at + 12 <= intact.length; ) {
      int length = data.getInt(at);
      if (length < 0 || length > intact.length - at - 12) {
        break;
      }
      CRC32 sum = new CRC32();
      sum.update(intact, at + 4, length + 4);
      data.putInt(at + 8 + length, (int) sum.getValue());
      at += 12 + length;
    }
    return intact;
  }
}
