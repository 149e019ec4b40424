package dev.hone.server.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The images that make_images.py has made, and what the trainer makes of them. */
public final class Images {
  private static final Path FOLDER = Path.of("src/test/resources/images").toAbsolutePath();

  private Images() {}

  /** An image's bytes. */
  public static byte[] file(String name) {
    try {
      return Files.readAllBytes(FOLDER.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The trainer's processors, and its cases with their place in {@link #pixels}. */
  public static JsonNode expected() {
    try {
      return new ObjectMapper().readTree(file("expected.json"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The logits that the model {@code picture} answers the trainer for an image. */
  public static List<Double> logits(String name) {
    for (JsonNode example : expected().path("cases")) {
      if (example.has("logits") && example.path("image").asText().equals(name)) {
        return example.path("logits").valueStream().map(JsonNode::asDouble).toList();
      }
    }
    throw new AssertionError("no logits for " + name);
  }

  /** What the trainer's cases become, one after the other. */
  public static FloatBuffer pixels() {
    return ByteBuffer.wrap(file("expected.bin")).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }
}
