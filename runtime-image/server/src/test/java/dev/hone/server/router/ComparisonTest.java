package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ComparisonTest {

  private static Map<String, Output> read(String json) throws IOException {
    return AnswerReader.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), null);
  }

  private static String output(String name, String datatype, String shape, String data) {
    return "{'name': '%s', 'datatype': '%s', 'shape': %s, 'data': %s}"
        .formatted(name, datatype, shape, data);
  }

  private static String answer(String... outputs) {
    return "{'outputs': [" + String.join(", ", outputs) + "]}";
  }

  @Test
  void comparesRowByRow() throws IOException {
    Comparison comparison =
        Comparison.of(
            read(answer(output("y", "FP32", "[3, 2]", "[1, 0, 0, 1, 2, 3]"))),
            read(answer(output("y", "FP32", "[3, 2]", "[[1, 0], [1, 0], [2, 3]]"))));
    Comparison.Difference difference = Objects.requireNonNull(comparison.outputs().get("y"));
    assertThat(difference.rows()).isEqualTo(3);
    assertThat(difference.sameTop()).isEqualTo(2);
    assertThat(difference.maxAbs()).isEqualTo(1);
    assertThat(difference.relativeL2()).isCloseTo(Math.sqrt(2.0 / 15), within(1e-12));
    assertThat(comparison.nan()).isFalse();
  }

  @Test
  void labelsAreTopAnswers() throws IOException {
    Comparison comparison =
        Comparison.of(
            read(answer(output("label", "BYTES", "[2]", "['ham', 'spam']"))),
            read(answer(output("label", "BYTES", "[2]", "['ham', 'ham']"))));
    assertThat(comparison.outputs().get("label"))
        .isEqualTo(new Comparison.Difference(2, 1, 0, 0, false));
  }

  @Test
  void infinitiesOfOneSignAreAlike() throws IOException {
    String answer = answer(output("y", "FP32", "[2]", "['-Infinity', 1]"));
    assertThat(Comparison.of(read(answer), read(answer)).outputs().get("y"))
        .isEqualTo(new Comparison.Difference(0, 0, 0, 0, false));
  }

  @Test
  void aNewNotANumberIsSeenInEveryForm() throws IOException {
    String good = answer(output("y", "FP32", "[2]", "[1, 2]"));
    for (String form : new String[] {"'NaN'", "NaN", "null"}) {
      String bad = answer(output("y", "FP32", "[2]", "[1, " + form + "]"));
      assertThat(Comparison.of(read(good), read(bad)).nan()).as(form).isTrue();
      assertThat(Comparison.of(read(bad), read(bad)).nan()).as(form).isFalse();
    }
  }

  @Test
  void saysWhatIsUnlike() throws IOException {
    Map<String, Output> one = read(answer(output("y", "FP32", "[2]", "[1, 2]")));
    assertThat(Comparison.of(one, read(answer(output("z", "FP32", "[2]", "[1, 2]")))).unlike())
        .contains("the candidate's answer has no output y");
    assertThat(Comparison.of(one, read(answer(output("y", "FP32", "[1]", "[1]")))).unlike())
        .contains("output y has shape [2], and the candidate's [1]");
  }

  @Test
  void readsBinaryOutputs() throws IOException {
    ByteBuffer tail = ByteBuffer.allocate(4 + 2 + 2 + 8 + 6).order(ByteOrder.LITTLE_ENDIAN);
    tail.putFloat(1.5f).putShort(Float.floatToFloat16(-2f)).putShort((short) 0x4040);
    tail.putLong(-7).putInt(2).put("ok".getBytes(StandardCharsets.UTF_8));
    String header =
        "{'outputs': [%s, %s, %s, %s, %s]}"
            .formatted(
                binary("a", "FP32", 4),
                binary("b", "FP16", 2),
                binary("c", "BF16", 2),
                binary("d", "INT64", 8),
                binary("e", "BYTES", 6))
            .replace('\'', '"');
    byte[] head = header.getBytes(StandardCharsets.UTF_8);
    byte[] body = Arrays.copyOf(head, head.length + tail.capacity());
    System.arraycopy(tail.array(), 0, body, head.length, tail.capacity());

    Map<String, Output> outputs = AnswerReader.read(body, Integer.toString(head.length));
    assertThat(output(outputs, "a").numbers()).containsExactly(1.5);
    assertThat(output(outputs, "b").numbers()).containsExactly(-2);
    assertThat(output(outputs, "c").numbers()).containsExactly(3);
    assertThat(output(outputs, "d").numbers()).containsExactly(-7);
    assertThat(output(outputs, "e").texts()).containsExactly("ok");

    byte[] cut = Arrays.copyOf(body, body.length - 1);
    assertThatThrownBy(() -> AnswerReader.read(cut, Integer.toString(head.length)))
        .hasMessage("output e is cut short");
    assertThatThrownBy(() -> AnswerReader.read(body, "99999"))
        .hasMessage("the answer's JSON object is said to have 99999 bytes");
  }

  private static Output output(Map<String, Output> outputs, String name) {
    return Objects.requireNonNull(outputs.get(name));
  }

  private static String binary(String name, String datatype, int size) {
    return "{'name': '%s', 'datatype': '%s', 'shape': [1], 'parameters': {'binary_data_size': %d}}"
        .formatted(name, datatype, size);
  }
}
