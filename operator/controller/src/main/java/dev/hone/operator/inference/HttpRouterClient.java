package dev.hone.operator.inference;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RouterSecret;
import dev.hone.operator.inference.RouterHttps.Answer;
import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.LatencyHistogram;
import dev.hone.operator.rollout.Measurement;
import dev.hone.operator.tls.Credentials;
import io.fabric8.kubernetes.api.model.Pod;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/** Talks to routers over HTTPS, at their pods' addresses. */
public final class HttpRouterClient implements RouterClient {
  private static final Logger LOG = Logger.getLogger(HttpRouterClient.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final RouterHttps http;

  /** Creates a client that talks to pods at the given port, and shows what it is given. */
  public HttpRouterClient(Vertx vertx, int port, Supplier<Credentials> credentials) {
    this.http = new RouterHttps(vertx, port, credentials);
  }

  @Override
  public boolean configure(Owner owner, Pod router, String routing) {
    return put(owner, router, "/configuration", routing)
        .filter(HttpRouterClient::isGood)
        .isPresent();
  }

  private Optional<Answer> put(Owner owner, Pod router, String path, String document) {
    return http.send(router, RouterSecret.host(owner), HttpMethod.PUT, path, document);
  }

  @Override
  public Optional<String> check(Owner owner, Pod router, String goldenSet) {
    Optional<Answer> answer = put(owner, router, "/golden-set", goldenSet);
    if (answer.isEmpty()) {
      return Optional.of("it gives no answer");
    }
    return answer.filter(found -> !isGood(found)).map(HttpRouterClient::error);
  }

  private static String error(Answer answer) {
    return document(answer.body())
        .map(root -> root.path("error").asText())
        .filter(text -> !text.isEmpty())
        .orElseGet(() -> "it answers " + answer.status());
  }

  @Override
  public Optional<GoldenMeasurement> golden(Owner owner, Pod router, String revision) {
    return statistics(owner, router)
        .flatMap(body -> statistics(body, revision))
        .map(root -> root.path("goldenSet"))
        .filter(JsonNode::isObject)
        .map(HttpRouterClient::golden);
  }

  @Override
  public Optional<Measurement> measurement(Owner owner, Pod router, String revision) {
    return statistics(owner, router).flatMap(body -> parse(body, revision));
  }

  private Optional<String> statistics(Owner owner, Pod router) {
    return http.send(router, RouterSecret.host(owner), HttpMethod.GET, "/statistics", "")
        .filter(HttpRouterClient::isGood)
        .map(Answer::body);
  }

  private static boolean isGood(Answer answer) {
    boolean good = answer.status() / 100 == 2;
    if (!good) {
      LOG.warnf("%s answers %d: %s", answer.from(), answer.status(), answer.body());
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
