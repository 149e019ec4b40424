package dev.hone.operator.rollout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Sha256;
import dev.hone.api.inference.GoldenSetStatus;
import dev.hone.api.inference.ServedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Requests that a candidate must answer rightly before any traffic.
 *
 * @param digest SHA-256 of their text
 * @param requests the requests
 */
public record GoldenSet(String digest, List<Request> requests) {

  /** They are sent one by one while a rollout waits; a text of a ConfigMap has at most 1 MiB. */
  static final int MOST_REQUESTS = 1000;

  /** Numbers stay as they are written: a float32 has no more digits than a double keeps. */
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * One request.
   *
   * @param body its body
   * @param expected the right answer, as a version would give it
   */
  record Request(ObjectNode body, Optional<ObjectNode> expected) {}

  /**
   * Reads a set: a body on each line that is not blank.
   *
   * @throws IllegalArgumentException with a sentence, which quotes nothing of the text, if it is
   *     not one
   */
  public static GoldenSet parse(String text) {
    List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
    if (lines.isEmpty() || lines.size() > MOST_REQUESTS) {
      throw new IllegalArgumentException(
          "it holds %d requests: write 1 to %d, one on each line"
              .formatted(lines.size(), MOST_REQUESTS));
    }
    List<Request> requests = new ArrayList<>();
    for (String line : lines) {
      requests.add(request(requests.size() + 1, line));
    }
    return new GoldenSet("sha256:" + Sha256.hex(text), List.copyOf(requests));
  }

  /**
   * What the status says of it.
   *
   * @param reference who is asked for the answers that are not recorded; null for the stable
   *     version
   */
  public GoldenSetStatus status(@Nullable ServedModel reference) {
    int recorded =
        (int) requests.stream().filter(request -> request.expected().isPresent()).count();
    return new GoldenSetStatus(digest, requests.size(), recorded, reference);
  }

  /**
   * The document for a router; runtime-image/server/README.md describes it.
   *
   * @param revision the configuration that the router has
   * @param model name of the model
   */
  public String document(String revision, String model) {
    ObjectNode root =
        JSON.createObjectNode().put("revision", revision).put("digest", digest).put("model", model);
    ArrayNode array = root.putArray("requests");
    for (Request request : requests) {
      ObjectNode node = array.addObject();
      node.set("body", request.body());
      request.expected().ifPresent(expected -> node.set("expected", expected));
    }
    try {
      return JSON.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what was read as JSON can be written as JSON", e);
    }
  }

  private static Request request(int number, String line) {
    JsonNode read;
    try {
      read = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw refused(number, "is no JSON: write one object on one line");
    }
    if (!(read instanceof ObjectNode body) || read.path("inputs").isEmpty()) {
      throw refused(number, "has no inputs: write {\"inputs\": [{name, shape, datatype, data}]}");
    }
    JsonNode outputs = body.path("outputs");
    int answers = 0;
    for (JsonNode output : outputs) {
      answers += output.has("data") ? 1 : 0;
    }
    if (answers == 0) {
      return new Request(body, Optional.empty());
    }
    if (answers < outputs.size()) {
      throw refused(
          number, "has data in some of its outputs: write the answer of each of them, or of none");
    }
    ObjectNode expected = JSON.createObjectNode();
    expected.set("outputs", outputs);
    ObjectNode asked = body.deepCopy();
    ArrayNode names = asked.putArray("outputs");
    for (JsonNode output : outputs) {
      ObjectNode name = names.addObject();
      name.set("name", output.path("name"));
      if (output.has("parameters")) {
        name.set("parameters", output.path("parameters"));
      }
    }
    return new Request(asked, Optional.of(expected));
  }

  private static IllegalArgumentException refused(int number, String sentence) {
    return new IllegalArgumentException("request %d %s".formatted(number, sentence));
  }
}
