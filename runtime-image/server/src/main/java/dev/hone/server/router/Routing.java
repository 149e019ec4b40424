package dev.hone.server.router;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where requests go: the router's configuration.
 *
 * @param revision what the statistics are of; they start anew when it changes
 * @param stable the version that is trusted
 * @param candidate the version on trial, if there is one
 * @param reference who is asked for the right answers to a golden set; null for the stable version
 * @param weight share of the inference requests that the candidate answers, in percent
 * @param shadowShare share of the inference requests that are repeated to the other version, once
 *     they are answered, to compare the two answers; 0 to 1
 * @param untimedCopies how many of the first repeated requests say nothing of the candidate's
 *     latency: a program that has just started is slower than it will be
 * @param timeoutMillis how long one version may take for an answer
 * @param serverName the name that the certificates of versions must be for; null where none speaks
 *     TLS
 */
record Routing(
    String revision,
    Backend stable,
    @Nullable Backend candidate,
    @Nullable Backend reference,
    int weight,
    double shadowShare,
    int untimedCopies,
    long timeoutMillis,
    @Nullable String serverName) {

  private static final long TIMEOUT_MILLIS = 60_000;
  private static final long MAX_TIMEOUT_MILLIS = 3_600_000;
  private static final int MAX_UNTIMED_COPIES = 1_000_000;
  private static final Set<String> FIELDS =
      Set.of(
          "revision",
          "stable",
          "candidate",
          "reference",
          "weight",
          "shadowShare",
          "untimedCopies",
          "timeoutMillis",
          "serverName");
  private static final Set<String> BACKEND_FIELDS = Set.of("rest", "grpc");
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * Reads a configuration.
   *
   * @throws IllegalArgumentException with a sentence if it is not one
   */
  static Routing parse(byte[] document) {
    JsonNode root;
    try {
      root = JSON.readTree(document);
    } catch (IOException e) {
      throw new IllegalArgumentException("the configuration is no JSON: write one object", e);
    }
    if (!root.isObject()) {
      throw new IllegalArgumentException("the configuration is no JSON object: write one");
    }
    known("", root, FIELDS);
    JsonNode reference = root.path("reference");
    JsonNode candidate = root.path("candidate");
    Backend stable = backend("stable", root.path("stable"));
    Backend trial = candidate.isObject() ? backend("candidate", candidate) : null;
    Backend right = reference.isObject() ? backend("reference", reference) : null;
    int weight = (int) number(root, "weight", 0, 0, 100);
    double share = number(root, "shadowShare", 0, 0, 1);
    if (trial == null && (weight > 0 || share > 0)) {
      throw new IllegalArgumentException(
          "weight and shadowShare need a candidate: write candidate: {rest, grpc}, or make them 0");
    }
    @Nullable String name = root.has("serverName") ? text("", root, "serverName") : null;
    if (name == null
        && Stream.of(stable, trial, right)
            .filter(Objects::nonNull)
            .anyMatch(Backend::isEncrypted)) {
      throw new IllegalArgumentException(
          "serverName is missing: write the name that the certificates of versions are for, or http:// in their addresses");
    }
    return new Routing(
        text("", root, "revision"),
        stable,
        trial,
        right,
        weight,
        share,
        (int) number(root, "untimedCopies", 0, 0, MAX_UNTIMED_COPIES),
        (long) number(root, "timeoutMillis", TIMEOUT_MILLIS, 1, MAX_TIMEOUT_MILLIS),
        name);
  }

  /** The configuration as a document that {@link #parse} reads. */
  byte[] document() {
    ObjectNode root = JSON.createObjectNode().put("revision", revision);
    write(root.putObject("stable"), stable);
    if (candidate != null) {
      write(root.putObject("candidate"), candidate);
    }
    if (reference != null) {
      write(root.putObject("reference"), reference);
    }
    root.put("weight", weight)
        .put("shadowShare", shadowShare)
        .put("untimedCopies", untimedCopies)
        .put("timeoutMillis", timeoutMillis);
    if (serverName != null) {
      root.put("serverName", serverName);
    }
    try {
      return JSON.writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers are always JSON", e);
    }
  }

  /** Where a version answers; the stable one in place of a candidate that is not there. */
  Backend backend(Arm arm) {
    return arm == Arm.CANDIDATE && candidate != null ? candidate : stable;
  }

  private static void write(ObjectNode node, Backend backend) {
    node.put("rest", backend.rest().toString()).put("grpc", backend.grpc().toString());
  }

  private static Backend backend(String name, JsonNode node) {
    if (!node.isObject()) {
      throw new IllegalArgumentException(
          "%s is missing: write %s: {rest: http://HOST:PORT, grpc: http://HOST:PORT}"
              .formatted(name, name));
    }
    known(name + ".", node, BACKEND_FIELDS);
    return new Backend(
        Backend.address(name + ".rest", text(name + ".", node, "rest")),
        Backend.address(name + ".grpc", text(name + ".", node, "grpc")));
  }

  private static void known(String prefix, JsonNode node, Set<String> fields) {
    node.propertyStream()
        .map(Map.Entry::getKey)
        .filter(name -> !fields.contains(name))
        .findFirst()
        .ifPresent(
            name -> {
              throw new IllegalArgumentException(
                  "%s%s is no field of the configuration: use %s"
                      .formatted(prefix, name, String.join(", ", new TreeSet<>(fields))));
            });
  }

  private static String text(String prefix, JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw new IllegalArgumentException("%s%s is missing: write a text".formatted(prefix, name));
    }
    return value.textValue();
  }

  private static double number(
      JsonNode node, String name, double otherwise, double least, double most) {
    JsonNode value = node.path(name);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isNumber() || value.doubleValue() < least || value.doubleValue() > most) {
      throw new IllegalArgumentException(
          "%s is %s: write a number from %s to %s"
              .formatted(name, value, plain(least), plain(most)));
    }
    return value.doubleValue();
  }

  private static String plain(double number) {
    return Long.toString((long) number);
  }
}
