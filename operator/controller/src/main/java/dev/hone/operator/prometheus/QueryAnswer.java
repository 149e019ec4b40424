package dev.hone.operator.prometheus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads what Prometheus answers to an instant query. */
final class QueryAnswer {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** An error of a cluster's own words may be long, and becomes a part of a sentence. */
  private static final int MAX_ERROR = 300;

  private static final String NONSENSE =
      "answers with something that is no result of a query: is its URL that of a Prometheus?";

  private QueryAnswer() {}

  /**
   * The samples of a result.
   *
   * @throws IllegalArgumentException with the second half of a sentence if it is none, or not whole
   */
  static List<Sample> samples(byte[] body) {
    JsonNode root = json(body).orElseThrow(QueryAnswer::nonsense);
    if (!"success".equals(root.path("status").asText())) {
      throw new IllegalArgumentException(
          error(root).map(text -> "refuses the query: " + text).orElse(NONSENSE));
    }
    if (!root.path("warnings").isEmpty()) {
      // One that stands for several, of which one is away, says so here.
      throw new IllegalArgumentException(
          "has not all of the figures: " + shortened(root.path("warnings").path(0).asText()));
    }
    JsonNode data = root.path("data");
    if (!"vector".equals(data.path("resultType").asText()) || !data.path("result").isArray()) {
      throw nonsense();
    }
    List<Sample> samples = new ArrayList<>();
    data.path("result").forEach(node -> samples.add(sample(node)));
    return samples;
  }

  /** What an answer says is wrong; empty if it does not. */
  static Optional<String> error(byte[] body) {
    return json(body).flatMap(QueryAnswer::error);
  }

  private static Optional<String> error(JsonNode root) {
    return Optional.of(root.path("error").asText())
        .filter(text -> !text.isBlank())
        .map(QueryAnswer::shortened);
  }

  private static IllegalArgumentException nonsense() {
    return new IllegalArgumentException(NONSENSE);
  }

  private static Optional<JsonNode> json(byte[] body) {
    try {
      return Optional.ofNullable(JSON.readTree(body)).filter(JsonNode::isObject);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Sample sample(JsonNode node) {
    JsonNode value = node.path("value").path(1);
    if (!node.path("metric").isObject() || !value.isTextual()) {
      throw nonsense();
    }
    Map<String, String> labels = new HashMap<>();
    node.path("metric")
        .propertyStream()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    try {
      return new Sample(labels, Sample.number(value.textValue()));
    } catch (NumberFormatException e) {
      throw nonsense();
    }
  }

  private static String shortened(String text) {
    return text.length() > MAX_ERROR ? text.substring(0, MAX_ERROR) + "…" : text;
  }
}
