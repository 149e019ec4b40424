package dev.hone.operator.compression;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.common.Comparison;
import dev.hone.api.common.Interval;
import dev.hone.api.compression.Gate;
import dev.hone.contract.ContractJson;
import dev.hone.operator.run.Verdict;
import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The gate decides as the contract's vectors say; the runtime's gate runs the same ones. */
class GateDecisionTest {

  private static final Path VECTORS =
      Repository.root().resolve("operator/api/src/main/resources/contract/v1/samples/gate");

  @TestFactory
  Stream<DynamicTest> vectors() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(VECTORS)) {
      files = found.sorted().toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(8);
    return files.stream()
        .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
  }

  private static void check(Path file) throws IOException {
    JsonNode vector = new ObjectMapper().readTree(file.toFile());
    Gate gate = ContractJson.read(vector.get("gate").toString(), Gate.class);
    Comparison comparison =
        ContractJson.read(vector.get("comparison").toString(), Comparison.class);
    GateDecision decision = GateDecision.of(gate, comparison);
    assertThat(decision.accepted()).isEqualTo(vector.get("accepted").asBoolean());
    List<String> unmet = vector.get("unmet").valueStream().map(JsonNode::asText).toList();
    assertThat(decision.unmet()).isEqualTo(unmet);
    JsonNode undecided = vector.get("undecided");
    assertThat(decision.undecided())
        .isEqualTo(undecided.valueStream().map(JsonNode::asText).toList());
    assertThat(decision.verdict().accepted()).isEqualTo(decision.accepted());
  }

  @Test
  void figuresAreShownAsCloselyAsItTakesToTellThemFromTheBound() {
    Verdict verdict =
        GateDecision.of(
                new Gate(1.0, null, null, null, 1.3, null),
                new Comparison(Interval.of(1.0004), null, null, null, null, null, null, null))
            .verdict();
    assertThat(verdict.message())
        .isEqualTo(
            "the gate is not met (maxAccuracyDrop, minSpeedup): accuracy drop 1.0004 points, allowed"
                + " is at most 1 points; speedup was not measured, allowed is at least 1.3x");
    assertThat(verdict.reason().value()).isEqualTo("GateNotMet");
  }

  @Test
  void whatWasNotMeasuredHasAReasonOfItsOwn() {
    assertThat(
            GateDecision.of(new Gate(null, null, null, 0.3, null, null), null)
                .verdict()
                .reason()
                .value())
        .isEqualTo("GateNotMeasured");
    assertThat(GateDecision.of(null, null).verdict().reason().value()).isEqualTo("NoGate");
  }

  @Test
  void theSpeedOfAnotherDeviceIsNeitherMetNorUnmet() {
    Verdict verdict =
        GateDecision.of(
                new Gate(null, null, null, 0.3, 1.3, null),
                new Comparison(
                    null, null, null, 0.25, null, "the result is for TensorRT", null, null))
            .verdict();
    assertThat(verdict.answer()).isEqualTo(Verdict.Answer.UNKNOWN);
    assertThat(verdict.reason().value()).isEqualTo("GateUndecided");
    assertThat(verdict.message())
        .isEqualTo(
            "the gate is undecided (minSpeedup): size ratio 0.25, allowed is at most 0.3; speedup is"
                + " not known (the result is for TensorRT), allowed is at least 1.3x");
  }

  @Test
  void theEdgeOfTheIntervalIsShownWhereItDecides() {
    Verdict verdict =
        GateDecision.of(
                new Gate(1.0, null, null, null, null, Gate.Confidence.INTERVAL),
                new Comparison(
                    new Interval(0.5, -0.2, 1.2), null, null, null, null, null, null, null))
            .verdict();
    assertThat(verdict.message())
        .endsWith(
            "accuracy drop 0.5 points (1.2 points by its interval), allowed is at most 1 points");
  }
}
