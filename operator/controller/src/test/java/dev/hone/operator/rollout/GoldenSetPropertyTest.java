package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.inference.Tolerance;
import dev.hone.operator.rollout.SequentialTest.Answer;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class GoldenSetPropertyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String line(double value, boolean recorded) {
    return ("{'inputs': [{'name': 'x', 'shape': [1], 'datatype': 'FP64', 'data': [%s]}]%s}")
        .formatted(
            value,
            recorded
                ? ", 'outputs': [{'name': 'y', 'shape': [1], 'datatype': 'FP64', 'data': [%s],"
                        .formatted(value)
                    + " 'parameters': {'classification': 1}}]"
                : "")
        .replace('\'', '"');
  }

  private static JsonNode document(GoldenSet set) throws IOException {
    return JSON.readTree(set.document("r", "m"));
  }

  /** Numbers reach the router as they were written, and the model is not told the right answer. */
  @Property
  void keepsEveryRequestAndItsAnswer(
      @ForAll @Size(min = 1, max = 20) List<Double> values, @ForAll boolean recorded)
      throws IOException {
    GoldenSet set =
        GoldenSet.parse(
            String.join("\n\n", values.stream().map(value -> line(value, recorded)).toList()));
    assertThat(set.status(null).requests()).isEqualTo(values.size());
    assertThat(set.status(null).recorded()).isEqualTo(recorded ? values.size() : 0);
    JsonNode root = document(set);
    assertThat(root.path("digest").asText()).matches("sha256:[0-9a-f]{64}");
    for (int index = 0; index < values.size(); index++) {
      JsonNode request = root.path("requests").path(index);
      assertThat(request.at("/body/inputs/0/data/0").asDouble()).isEqualTo(values.get(index));
      assertThat(request.has("expected")).isEqualTo(recorded);
      if (recorded) {
        assertThat(request.at("/expected/outputs/0/data/0").asDouble())
            .isEqualTo(values.get(index));
        assertThat(request.at("/body/outputs/0").toString())
            .isEqualTo("{\"name\":\"y\",\"parameters\":{\"classification\":1}}");
      }
    }
  }

  @Property
  void anotherTextIsAnotherSet(@ForAll double one, @ForAll double other) {
    boolean same = line(one, true).equals(line(other, true));
    assertThat(
            GoldenSet.parse(line(one, true))
                .digest()
                .equals(GoldenSet.parse(line(other, true)).digest()))
        .isEqualTo(same);
  }

  @Example
  void saysWhatIsWrongAndQuotesNothing() {
    refuses("", "it holds 0 requests: write 1 to 1000, one on each line");
    refuses(
        String.join("\n", Collections.nCopies(1001, line(1, false))),
        "it holds 1001 requests: write 1 to 1000, one on each line");
    refuses(line(1, false) + "\n\npassword", "request 2 is no JSON: write one object on one line");
    refuses("[1]", "request 1 has no inputs: write {\"inputs\": [{name, shape, datatype, data}]}");
    refuses(
        line(1, true).replace("}]}", "}, {\"name\": \"z\"}]}"),
        "request 1 has data in some of its outputs: write the answer of each of them, or of none");
  }

  private static void refuses(String text, String sentence) {
    assertThatThrownBy(() -> GoldenSet.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }

  /** Requested outputs without data are a request, not an answer. */
  @Example
  void outputsWithoutDataAreAsked() throws IOException {
    String line = line(1, true).replace(" 'data': [1.0],".replace('\'', '"'), "");
    GoldenSet set = GoldenSet.parse(line);
    assertThat(set.status(null).recorded()).isZero();
    assertThat(document(set).at("/requests/0/body/outputs/0/name").asText()).isEqualTo("y");
  }

  /** Whether a bound is kept is exact, and nothing stays open. */
  @Property
  void decidesExactly(
      @ForAll @IntRange(min = 1, max = 1000) int rows,
      @ForAll @IntRange(min = 0, max = 1000) int same,
      @ForAll @IntRange(min = 0, max = 100) int percent,
      @ForAll @DoubleRange(min = 0, max = 2) double off,
      @ForAll @IntRange(min = 0, max = 2) int failed) {
    int sameTop = Math.min(same, rows);
    GoldenMeasurement measured =
        new GoldenMeasurement(
            "d",
            rows,
            true,
            rows,
            failed,
            0,
            0,
            failed == 0 ? Optional.empty() : Optional.of("request 1: it failed"),
            Optional.empty(),
            Map.of(
                "y",
                new GoldenMeasurement.OutputDifference(
                    new Measurement.OutputDifference(rows, sameTop, off, off), 1, 2, 3)));
    List<Finding> findings =
        GoldenJudge.judge(List.of(new Tolerance("y", 1.0, 1.0, percent / 100.0)), measured);
    boolean kept = off <= 1 && sameTop * 100L >= (long) percent * rows && failed == 0;
    assertThat(findings).noneMatch(finding -> finding.is(Answer.OPEN));
    assertThat(findings.stream().noneMatch(finding -> finding.is(Answer.FAIL))).isEqualTo(kept);
  }
}
