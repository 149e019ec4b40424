package dev.hone.operator.rollout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.inference.GoldenSetStatus;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a decision is made from, as a YAML file has it. */
final class Scene {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode root;

  Scene(String yaml) {
    this.root = Serialization.unmarshal(yaml, JsonNode.class);
  }

  RolloutStatus decide() throws IOException {
    RolloutStateMachine planner =
        new RolloutStateMachine(
            RolloutPolicy.of(
                JSON.treeToValue(root.path("rollout"), Rollout.class),
                root.path("replicas").asInt(3),
                root.path("autoscaled").asBoolean()),
            root.path("generation").asLong(1),
            Instant.parse(root.path("now").asText()));
    ServedModel wanted = JSON.treeToValue(root.path("wanted"), ServedModel.class);
    return root.has("last")
        ? planner.next(wanted, JSON.treeToValue(root.path("last"), RolloutStatus.class), facts())
        : planner.first(wanted);
  }

  private RolloutFacts facts() throws IOException {
    JsonNode facts = root.path("facts");
    return new RolloutFacts(
        facts.path("stableReady").asBoolean(),
        facts.path("candidateReady").asBoolean(),
        text(facts.path("candidateFailure")),
        text(facts.path("waiting")),
        text(facts.path("noRoom")),
        facts.has("golden") ? Optional.of(golden(facts.path("golden"))) : Optional.empty(),
        figures(facts));
  }

  private StageFigures figures(JsonNode facts) {
    Optional<String> lacking = text(facts.path("lacking"));
    return facts.has("measurement")
        ? new StageFigures(
            Optional.of(measurement(facts.path("measurement"))),
            Instant.parse(facts.path("until").asText(root.path("now").asText())),
            lacking)
        : StageFigures.none(lacking.orElse("nobody tells"));
  }

  private static GoldenSetFacts golden(JsonNode node) throws IOException {
    return new GoldenSetFacts(
        node.has("set")
            ? Optional.of(JSON.treeToValue(node.path("set"), GoldenSetStatus.class))
            : Optional.empty(),
        text(node.path("waiting")),
        node.has("measurement")
            ? Optional.of(goldenMeasurement(node.path("measurement")))
            : Optional.empty());
  }

  private static GoldenMeasurement goldenMeasurement(JsonNode node) {
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
                        entry.getValue().path("relativeL2Request").asInt())));
    return new GoldenMeasurement(
        node.path("digest").asText(),
        node.path("requests").asInt(),
        node.path("done").asBoolean(true),
        node.path("compared").asLong(),
        node.path("errors").asLong(),
        node.path("unlike").asLong(),
        node.path("notANumber").asLong(),
        text(node.path("firstFailure")),
        text(node.path("undecided")),
        outputs);
  }

  private static Measurement measurement(JsonNode node) {
    return new Measurement(
        arm(node.path("stable")),
        arm(node.path("candidate")),
        arm(node.path("shadow")),
        comparisons(node.path("comparisons")));
  }

  /** An arm whose latencies are written as milliseconds and how often they came. */
  private static Measurement.Arm arm(JsonNode node) {
    Map<Long, Long> counts = new LinkedHashMap<>();
    node.path("latencies")
        .propertyStream()
        .forEach(
            entry ->
                counts.put(
                    Math.round(Double.parseDouble(entry.getKey()) * 1000),
                    entry.getValue().asLong()));
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
        node.path("notANumber").asLong(),
        text(node.path("lastUnlike")),
        outputs);
  }

  private static Measurement.OutputDifference difference(JsonNode output) {
    return new Measurement.OutputDifference(
        output.path("rows").asLong(),
        output.path("sameTop").asLong(),
        output.path("maxAbs").asDouble(),
        output.path("relativeL2").asDouble());
  }

  private static Optional<String> text(JsonNode node) {
    return node.isTextual() ? Optional.of(node.textValue()) : Optional.empty();
  }
}
