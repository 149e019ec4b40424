package dev.hone.operator.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.LatencyHistogram;
import dev.hone.operator.rollout.Measurement;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Talks to routers over HTTP, at their pods' addresses. */
public final class HttpRouterClient implements RouterClient {
  private static final Logger LOG = Logger.getLogger(HttpRouterClient.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PodHttp http;

  /** Creates a client that talks to pods at the given port. */
  public HttpRouterClient(int port) {
    this.http = new PodHttp(port);
  }

  @Override
  public boolean configure(Pod router, String token, String routing) {
    return send(router, "/configuration", put(token, routing)).isPresent();
  }

  private static HttpRequest.Builder put(String token, String document) {
    return HttpRequest.newBuilder()
        .header("Authorization", "Bearer " + token)
        .PUT(HttpRequest.BodyPublishers.ofString(document));
  }

  @Override
  public Optional<String> check(Pod router, String token, String goldenSet) {
    Optional<HttpResponse<String>> answer = http.send(router, "/golden-set", put(token, goldenSet));
    if (answer.isEmpty()) {
      return Optional.of("it gives no answer");
    }
    return answer.filter(found -> !isGood(found)).map(HttpRouterClient::error);
  }

  private static String error(HttpResponse<String> response) {
    return document(response.body())
        .map(root -> root.path("error").asText())
        .filter(text -> !text.isEmpty())
        .orElseGet(() -> "it answers " + response.statusCode());
  }

  @Override
  public Optional<GoldenMeasurement> golden(Pod router, String revision) {
    return send(router, "/statistics", HttpRequest.newBuilder().GET())
        .flatMap(body -> statistics(body, revision))
        .map(root -> root.path("goldenSet"))
        .filter(JsonNode::isObject)
        .map(HttpRouterClient::golden);
  }

  @Override
  public Optional<Measurement> measurement(Pod router, String revision) {
    return send(router, "/statistics", HttpRequest.newBuilder().GET())
        .flatMap(body -> parse(body, revision));
  }

  private Optional<String> send(Pod router, String path, HttpRequest.Builder request) {
    return http.send(router, path, request)
        .filter(HttpRouterClient::isGood)
        .map(HttpResponse::body);
  }

  private static boolean isGood(HttpResponse<String> response) {
    boolean good = response.statusCode() / 100 == 2;
    if (!good) {
      LOG.warnf("%s answers %d: %s", response.uri(), response.statusCode(), response.body());
    }
    return good;
  }

  /** Reads what {@code GET /statistics} answers. */
  static Optional<Measurement> parse(String body, String revision) {
    return statistics(body, revision)
        .map(
            root ->
                new Measurement(
                    arm(root.path("stable")),
                    arm(root.path("candidate")),
                    arm(root.path("shadow")),
                    comparisons(root.path("comparisons"))));
  }

  private static Optional<JsonNode> statistics(String body, String revision) {
    return document(body).filter(root -> revision.equals(root.path("revision").asText()));
  }

  private static Optional<JsonNode> document(String body) {
    try {
      return Optional.of(JSON.readTree(body));
    } catch (IOException e) {
      LOG.warnf("a router's answer is no JSON: %s", e.getMessage());
      return Optional.empty();
    }
  }

  /** Reads what {@code GET /statistics} has of a golden set. */
  static GoldenMeasurement golden(JsonNode node) {
    Map<String, GoldenMeasurement.OutputDifference> outputs = new LinkedHashMap<>();
    node.path("outputs")
        .propertyStream()
        .forEach(
            entry ->
                outputs.put(
                    entry.getKey(),
                    new GoldenMeasurement.OutputDifference(
                        difference(entry.getValue()),
                        entry.getValue().path("otherTopRequest").asInt(),
                        entry.getValue().path("maxAbsRequest").asInt(),
                        entry.getValue().path("maxRelativeL2Request").asInt())));
    return new GoldenMeasurement(
        node.path("digest").asText(),
        node.path("requests").asInt(),
        node.path("done").asBoolean(),
        node.path("compared").asLong(),
        node.path("errors").asLong(),
        node.path("unlike").asLong(),
        node.path("nan").asLong(),
        text(node.path("firstFailure")),
        text(node.path("undecided")),
        outputs);
  }

  private static Measurement.OutputDifference difference(JsonNode output) {
    return new Measurement.OutputDifference(
        output.path("rows").asLong(),
        output.path("sameTop").asLong(),
        output.path("maxAbs").asDouble(),
        output.path("maxRelativeL2").asDouble());
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
  }

  private static Measurement.Arm arm(JsonNode node) {
    Map<Long, Long> counts = new LinkedHashMap<>();
    node.path("latency")
        .forEach(
            bucket ->
                counts.merge(
                    bucket.path("micros").asLong(), bucket.path("count").asLong(), Long::sum));
    return new Measurement.Arm(
        node.path("requests").asLong(), node.path("errors").asLong(), new LatencyHistogram(counts));
  }

  private static Measurement.Comparisons comparisons(JsonNode node) {
    Map<String, Measurement.OutputDifference> outputs = new LinkedHashMap<>();
    node.path("outputs")
        .propertyStream()
        .forEach(entry -> outputs.put(entry.getKey(), difference(entry.getValue())));
    return new Measurement.Comparisons(
        node.path("samples").asLong(),
        node.path("unlike").asLong(),
        node.path("nan").asLong(),
        text(node.path("lastUnlike")),
        outputs);
  }
}
