package dev.hone.server.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Requests that a candidate must answer rightly before it gets any traffic.
 *
 * @param revision the configuration that they belong to
 * @param digest what tells this set from another one
 * @param model name of the model
 * @param requests the requests
 */
record GoldenSet(String revision, String digest, String model, List<Entry> requests) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * One request.
   *
   * @param body the body, as the model's infer route takes it
   * @param expected the right answer; without one the reference or the stable version is asked
   */
  record Entry(Buffer body, Optional<Map<String, Output>> expected) {}

  /**
   * Reads a set.
   *
   * @throws IllegalArgumentException with a sentence if it is not one
   */
  static GoldenSet parse(byte[] document) {
    JsonNode root;
    try {
      root = JSON.readTree(document);
    } catch (IOException e) {
      throw new IllegalArgumentException("the golden set is no JSON: write one object", e);
    }
    List<Entry> requests = new ArrayList<>();
    for (JsonNode node : root.path("requests")) {
      requests.add(entry(requests.size() + 1, node));
    }
    if (requests.isEmpty()) {
      throw new IllegalArgumentException(
          "requests is missing: write [{body: {inputs: […]}, expected: {outputs: […]}}, …]");
    }
    return new GoldenSet(
        text(root, "revision"), text(root, "digest"), text(root, "model"), List.copyOf(requests));
  }

  private static Entry entry(int number, JsonNode node) {
    if (!node.path("body").isObject()) {
      throw new IllegalArgumentException(
          "request %d has no body: write body: {inputs: […]}".formatted(number));
    }
    try {
      return new Entry(
          Buffer.buffer(JSON.writeValueAsBytes(node.path("body"))),
          node.has("expected")
              ? Optional.of(AnswerReader.read(node.path("expected")))
              : Optional.empty());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what was read as JSON can be written as JSON", e);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "the answer that request %d expects cannot be read: %s".formatted(number, e.getMessage()),
          e);
    }
  }

  private static String text(JsonNode root, String name) {
    JsonNode value = root.path(name);
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw new IllegalArgumentException("%s is missing: write a text".formatted(name));
    }
    return value.textValue();
  }
}
