package dev.hone.operator.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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
    return send(
            router,
            "/configuration",
            HttpRequest.newBuilder()
                .header("Authorization", "Bearer " + token)
                .PUT(HttpRequest.BodyPublishers.ofString(routing)))
        .isPresent();
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
    JsonNode root;
    try {
      root = JSON.readTree(body);
    } catch (IOException e) {
      LOG.warnf("a router's statistics are no JSON: %s", e.getMessage());
      return Optional.empty();
    }
    return revision.equals(root.path("revision").asText())
        ? Optional.of(
            new Measurement(
                arm(root.path("stable")),
                arm(root.path("candidate")),
                arm(root.path("shadow")),
                comparisons(root.path("comparisons"))))
        : Optional.empty();
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
        .forEach(
            entry ->
                outputs.put(
                    entry.getKey(),
                    new Measurement.OutputDifference(
                        entry.getValue().path("rows").asLong(),
                        entry.getValue().path("sameTop").asLong(),
                        entry.getValue().path("maxAbs").asDouble(),
                        entry.getValue().path("maxRelativeL2").asDouble())));
    JsonNode unlike = node.path("lastUnlike");
    return new Measurement.Comparisons(
        node.path("samples").asLong(),
        node.path("unlike").asLong(),
        node.path("nan").asLong(),
        unlike.isTextual() ? Optional.of(unlike.textValue()) : Optional.empty(),
        outputs);
  }
}
