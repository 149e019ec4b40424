package dev.hone.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Reason;
import dev.hone.api.common.Comparison;
import dev.hone.api.compression.Gate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs the sample documents that the runtime's tests run too. */
class ContractSamplesTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, Class<?>> RECORDS =
      Map.of(
          "job-config", JobConfig.class,
          "progress", ProgressReport.class,
          "result", RunResult.class,
          "failure", Failure.class,
          "manifest", Manifest.class);

  static List<Path> valid() {
    return ContractFiles.samples("valid");
  }

  static List<Path> invalid() {
    return ContractFiles.samples("invalid");
  }

  static List<Path> gates() {
    return ContractFiles.samples("gate");
  }

  static List<String> schemas() {
    return ContractFiles.schemaNames();
  }

  @ParameterizedTest
  @MethodSource("valid")
  void aValidSampleIsReadAndWrittenWithoutLoss(Path sample) throws IOException {
    String text = ContractFiles.read(sample);
    String schema = ContractFiles.schemaOf(sample);
    assertThat(ContractFiles.errors(schema, "", text)).isEmpty();

    String written =
        ContractJson.write(ContractJson.read(text, Objects.requireNonNull(RECORDS.get(schema))));

    assertThat(ContractFiles.errors(schema, "", written)).isEmpty();
    assertThat(normal(JSON.readTree(written))).isEqualTo(normal(JSON.readTree(text)));
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void anInvalidSampleIsRefusedByItsSchema(Path sample) {
    assertThat(ContractFiles.errors(ContractFiles.schemaOf(sample), "", ContractFiles.read(sample)))
        .isNotEmpty();
  }

  @ParameterizedTest
  @MethodSource("gates")
  void aGateSampleIsWholeAndOfTheSchemasShape(Path sample) throws IOException {
    JsonNode vector = JSON.readTree(ContractFiles.read(sample));
    assertThat(vector.fieldNames())
        .toIterable()
        .containsExactly("gate", "comparison", "accepted", "unmet", "undecided");
    String gate = vector.get("gate").toString();
    String comparison = vector.get("comparison").toString();

    assertThat(ContractFiles.errors("job-config", "#/$defs/gate", gate)).isEmpty();
    assertThat(ContractFiles.errors("result", "#/$defs/comparison", comparison)).isEmpty();
    assertThat(ContractJson.read(gate, Gate.class)).isNotNull();
    assertThat(ContractJson.read(comparison, Comparison.class)).isNotNull();
    assertThat(vector.get("accepted").booleanValue())
        .isEqualTo(vector.get("unmet").isEmpty() && vector.get("undecided").isEmpty());
    for (String list : List.of("unmet", "undecided")) {
      vector
          .get(list)
          .forEach(bound -> assertThat(vector.get("gate").has(bound.asText())).isTrue());
    }
  }

  @ParameterizedTest
  @MethodSource("schemas")
  void everySchemaHasARecordAndSamplesOfBothKinds(String schema) {
    assertThat(RECORDS).containsKey(schema);
    assertThat(valid()).anyMatch(sample -> ContractFiles.schemaOf(sample).equals(schema));
    assertThat(invalid()).anyMatch(sample -> ContractFiles.schemaOf(sample).equals(schema));
  }

  @Test
  void everyFailureOfAPodHasADescribedReason() throws IOException {
    JsonNode reasons =
        JSON.readTree(ContractFiles.read(ContractFiles.FOLDER.resolve("failure.schema.json")))
            .at("/properties/reason/enum");
    assertThat(reasons)
        .isNotEmpty()
        .allSatisfy(reason -> assertThat(Reason.of(reason.asText())).isPresent());
  }

  /** Numbers by value (2 is 2.0), and a list without entries as if it were not there. */
  private static JsonNode normal(JsonNode node) {
    if (node.isNumber()) {
      return DoubleNode.valueOf(node.doubleValue());
    }
    if (node instanceof ArrayNode array) {
      ArrayNode result = JSON.createArrayNode();
      array.forEach(element -> result.add(normal(element)));
      return result;
    }
    if (node instanceof ObjectNode object) {
      ObjectNode result = JSON.createObjectNode();
      object
          .properties()
          .forEach(
              member -> {
                if (!member.getValue().isArray() || !member.getValue().isEmpty()) {
                  result.set(member.getKey(), normal(member.getValue()));
                }
              });
      return result;
    }
    return node;
  }
}
