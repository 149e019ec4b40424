package dev.hone.operator.compression;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Reason;
import dev.hone.api.common.SearchPoint;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.api.compression.Gate;
import dev.hone.api.compression.Search;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ResolvedModel;
import dev.hone.contract.RunResult;
import dev.hone.operator.run.Verdict;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A choice is as the contract's vectors say; the runtime's choice runs the same ones. */
class SearchChoiceTest {

  private static final Path SAMPLES =
      Repository.root().resolve("operator/api/src/main/resources/contract/v1/samples");
  private static final ObjectMapper JSON = new ObjectMapper();

  @TestFactory
  Stream<DynamicTest> vectors() throws IOException {
    List<Path> files;
    try (Stream<Path> found = Files.list(SAMPLES.resolve("search"))) {
      files = found.sorted().toList();
    }
    assertThat(files).hasSizeGreaterThanOrEqualTo(10);
    return files.stream()
        .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> check(file)));
  }

  private static void check(Path file) throws IOException {
    JsonNode vector = JSON.readTree(file.toFile());
    Search search = ContractJson.read(vector.get("search").toString(), Search.class);
    Gate gate =
        vector.has("gate") ? ContractJson.read(vector.get("gate").toString(), Gate.class) : null;
    Optional<SearchPoint> taken = SearchChoice.of(search, gate, points(vector));
    assertThat(taken.map(SearchPoint::trial).orElse(null))
        .isEqualTo(vector.get("taken").isNull() ? null : vector.get("taken").intValue());
  }

  private static List<SearchPoint> points(JsonNode vector) {
    return vector.get("points").valueStream().map(SearchChoiceTest::point).toList();
  }

  private static SearchPoint point(JsonNode node) {
    try {
      return ContractJson.read(node.toString(), SearchPoint.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anotherPointBringsItsArtifactAndItsFigures() {
    RunResult best = SearchChoice.apply(spec("{objective: Smallest}", null), found());
    assertThat(best.artifact().uri()).endsWith("/points/7");
    assertThat(lost(best)).isEqualTo(3.0);
    assertThat(best.metrics().before()).isEqualTo(found().metrics().before());
    assertThat(selected(best)).isEqualTo(7);

    RunResult gated =
        SearchChoice.apply(spec("{objective: Smallest}", "{maxAccuracyDrop: 1}"), best);
    assertThat(gated.artifact().uri()).endsWith("/points/5");

    RunResult picked = SearchChoice.apply(spec("{objective: Smallest, select: 11}", null), gated);
    assertThat(picked.artifact().uri()).endsWith("/points/11");
    assertThat(picked.artifact().digest()).isEqualTo("sha256:" + "11".repeat(32));
    assertThat(picked.artifact().sizeBytes()).isEqualTo(400);
    assertThat(requireNonNull(picked.metrics().after()).sizeBytes()).isEqualTo(400);
    assertThat(selected(picked)).isEqualTo(11);
  }

  @Test
  void theConditionNamesThePointAndSaysWhatToWriteInstead() {
    assertThat(verdict("{objective: Smallest}", "{maxAccuracyDrop: 1}"))
        .isEqualTo(
            new Verdict(
                Verdict.Answer.ACCEPTED,
                Reason.GATE_MET,
                "trial 5 of the Pareto front: the gate is met: accuracy drop 0.8 points, allowed is at"
                    + " most 1 points"));
    assertThat(verdict("{objective: Smallest}", "{maxAccuracyDrop: 0}").message())
        .isEqualTo(
            "no point of the Pareto front passes; the closest is trial 2: the gate is not met"
                + " (maxAccuracyDrop): accuracy drop 0.1 points, allowed is at most 0 points");
    assertThat(verdict("{objective: Smallest, select: 7}", "{maxAccuracyDrop: 1}").message())
        .startsWith("trial 7 of the Pareto front: the gate is not met (maxAccuracyDrop)");
    Verdict unknown = verdict("{objective: Smallest, select: 3}", "{maxAccuracyDrop: 1}");
    assertThat(unknown.answer()).isEqualTo(Verdict.Answer.REJECTED);
    assertThat(unknown.reason().value()).isEqualTo("SelectionUnknown");
    assertThat(unknown.message())
        .isEqualTo(
            "spec.search.select is 3, which is not on the Pareto front: write one of 2, 5, 7, 11, or"
                + " remove it");
  }

  @Test
  void theHashKeepsWhenAnotherPointIsSelected() {
    String hash = hash("{objective: Smallest, trials: 9}");
    assertThat(hash("{objective: Smallest, trials: 9, select: 2}")).isEqualTo(hash);
    assertThat(hash("{objective: Smallest, trials: 10}")).isNotEqualTo(hash);
  }

  private static double lost(RunResult result) {
    return requireNonNull(requireNonNull(result.metrics().comparison()).accuracyDrop()).value();
  }

  private static @Nullable Integer selected(RunResult result) {
    return requireNonNull(result.search()).selected();
  }

  private static String hash(String search) {
    CompressionJob job = new CompressionJob();
    job.setSpec(spec(search, null));
    job.getMetadata().setName("spam-search");
    job.getMetadata().setNamespace("default");
    job.getMetadata().setUid("u");
    job.getMetadata().setGeneration(1L);
    return CompressionRuns.view(job, reference -> Optional.empty())
        .hash(new ResolvedModel("pvc://c/m", null, null));
  }

  private static Verdict verdict(String search, String gate) {
    CompressionJobSpec spec = spec(search, gate);
    RunResult result = SearchChoice.apply(spec, found());
    Verdict judged = GateDecision.of(spec.gate(), result.metrics().comparison()).verdict();
    return SearchChoice.verdict(spec.search(), result.search(), judged);
  }

  private static RunResult found() {
    try {
      JsonNode vector =
          JSON.readTree(SAMPLES.resolve("search/smallest-without-gate.json").toFile());
      ObjectNode result =
          (ObjectNode) JSON.readTree(SAMPLES.resolve("valid/result.search.json").toFile());
      ((ObjectNode) result.get("search")).set("points", vector.get("points"));
      return ContractJson.read(result.toString(), RunResult.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CompressionJobSpec spec(String search, @Nullable String gate) {
    String yaml =
        """
        model: {uri: pvc://c/m}
        dataset: {evaluation: {uri: pvc://c/test.jsonl}}
        export: {onnx: {}}
        output: {uri: pvc://c/out}
        search: %s
        %s
        """
            .formatted(search, gate == null ? "" : "gate: " + gate);
    return Serialization.unmarshal(yaml, CompressionJobSpec.class);
  }
}
