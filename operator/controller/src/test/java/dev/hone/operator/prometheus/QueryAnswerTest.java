package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueryAnswerTest {

  private static List<Sample> samples(String text) {
    return QueryAnswer.samples(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String vector(String result) {
    return "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": ["
        + result
        + "]}}";
  }

  @Test
  void readsAVector() {
    assertThat(
            samples(
                vector(
                    "{\"metric\": {\"__name__\": \"up\", \"a\": \"b\"}, \"value\": [1.5, \"3\"]},"
                        + "{\"metric\": {}, \"value\": [1.5, \"+Inf\"]}")))
        .containsExactly(
            new Sample(Map.of("__name__", "up", "a", "b"), 3),
            new Sample(Map.of(), Double.POSITIVE_INFINITY));
    assertThat(samples(vector(""))).isEmpty();
  }

  @Test
  void saysWhatPrometheusSays() {
    assertThatThrownBy(
            () ->
                samples(
                    "{\"status\": \"error\", \"errorType\": \"execution\", \"error\": \"too many"
                        + " samples\"}"))
        .hasMessage("refuses the query: too many samples");
  }

  @Test
  void aPartOfTheFiguresIsNoAnswer() {
    assertThatThrownBy(
            () ->
                samples(vector("").replaceFirst("\\{", "{\"warnings\": [\"store a:1 is away\"], ")))
        .hasMessage("has not all of the figures: store a:1 is away");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "<html>",
        "null",
        "[]",
        "{}",
        "{\"status\": \"success\"}",
        "{\"status\": \"error\"}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"matrix\", \"result\": []}}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": {}}}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": [1]}}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": [{\"metric\":"
            + " {}, \"value\": [1, 2]}]}}",
        "{\"status\": \"success\", \"data\": {\"resultType\": \"vector\", \"result\": [{\"metric\":"
            + " {}, \"value\": [1, \"x\"]}]}}"
      })
  void nonsenseIsNoAnswer(String text) {
    assertThatThrownBy(() -> samples(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "answers with something that is no result of a query: is its URL that of a"
                + " Prometheus?");
  }
}
