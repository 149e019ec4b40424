package dev.hone.server.router;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Reads the outputs of an answer, as JSON or as the binary tensor extension has them. */
final class AnswerReader {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .configure(JsonParser.Feature.AUTO_CLOSE_SOURCE, true)
          .build();

  private AnswerReader() {}

  /**
   * Reads an answer.
   *
   * @param body its bytes
   * @param headerLength how many of them are the JSON object, if binary data stand behind it
   * @throws IOException with a sentence if it is no answer of the protocol
   */
  static Map<String, Output> read(byte[] body, @Nullable String headerLength) throws IOException {
    int length = headerLength == null ? body.length : length(headerLength, body.length);
    return read(
        JSON.readTree(body, 0, length),
        ByteBuffer.wrap(body, length, body.length - length).slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  /**
   * Reads an answer without binary data.
   *
   * @throws IOException with a sentence if it is no answer of the protocol
   */
  static Map<String, Output> read(JsonNode answer) throws IOException {
    return read(answer, ByteBuffer.allocate(0));
  }

  private static Map<String, Output> read(JsonNode root, ByteBuffer rest) throws IOException {
    Map<String, Output> outputs = new LinkedHashMap<>();
    for (JsonNode node : root.path("outputs")) {
      Output output = output(node, rest);
      outputs.put(output.name(), output);
    }
    if (outputs.isEmpty()) {
      throw new IOException("the answer has no outputs");
    }
    return outputs;
  }

  private static int length(String header, int size) throws IOException {
    try {
      int length = Integer.parseInt(header);
      if (length > 0 && length <= size) {
        return length;
      }
    } catch (NumberFormatException e) {
      // Said below: there is nothing to add.
    }
    throw new IOException("the answer's JSON object is said to have " + header + " bytes");
  }

  private static Output output(JsonNode node, ByteBuffer rest) throws IOException {
    String name = node.path("name").asText();
    List<Long> shape = new ArrayList<>();
    node.path("shape").forEach(axis -> shape.add(axis.longValue()));
    Datatype datatype = datatype(name, node.path("datatype").asText());
    JsonNode size = node.path("parameters").path("binary_data_size");
    boolean texts = datatype == Datatype.BYTES;
    if (!size.isInt()) {
      List<JsonNode> values = new ArrayList<>();
      flatten(node.path("data"), values);
      return texts
          ? new Output(name, shape, new double[0], values.stream().map(JsonNode::asText).toList())
          : new Output(
              name, shape, values.stream().mapToDouble(AnswerReader::number).toArray(), List.of());
    }
    if (size.intValue() < 0 || size.intValue() > rest.remaining()) {
      throw new IOException("output " + name + " is cut short");
    }
    ByteBuffer raw = rest.slice(rest.position(), size.intValue()).order(ByteOrder.LITTLE_ENDIAN);
    rest.position(rest.position() + size.intValue());
    return raw(name, shape, datatype, raw);
  }

  /** The datatype of that name. */
  static Datatype datatype(String output, String text) throws IOException {
    try {
      return Datatype.valueOf(text);
    } catch (IllegalArgumentException e) {
      throw new IOException("output " + output + " has no known datatype", e);
    }
  }

  /** An output whose values stand in little-endian order in a buffer that holds nothing else. */
  static Output raw(String name, List<Long> shape, Datatype datatype, ByteBuffer raw)
      throws IOException {
    return datatype == Datatype.BYTES
        ? new Output(name, shape, new double[0], strings(name, raw))
        : new Output(name, shape, numbers(name, datatype, raw), List.of());
  }

  private static void flatten(JsonNode data, List<JsonNode> into) {
    for (JsonNode element : data) {
      if (element.isArray()) {
        flatten(element, into);
      } else {
        into.add(element);
      }
    }
  }

  /** A number; null, and the texts that stand for what JSON has no number for, are not-a-number. */
  private static double number(JsonNode value) {
    if (value.isNumber()) {
      return value.doubleValue();
    }
    if (value.isBoolean()) {
      return value.booleanValue() ? 1 : 0;
    }
    return switch (value.asText()) {
      case "Infinity" -> Double.POSITIVE_INFINITY;
      case "-Infinity" -> Double.NEGATIVE_INFINITY;
      default -> Double.NaN;
    };
  }

  /** Bytes behind the last whole number are passed over. */
  private static double[] numbers(String name, Datatype datatype, ByteBuffer raw) {
    int count = raw.remaining() / datatype.width();
    raw.limit(count * datatype.width());
    NumericTensor tensor = new NumericTensor(name, datatype, Shape.of(count), raw);
    return IntStream.range(0, count)
        .mapToDouble(datatype.kind() == Datatype.Kind.FLOAT ? tensor::floating : tensor::integer)
        .toArray();
  }

  private static List<String> strings(String name, ByteBuffer raw) throws IOException {
    List<String> values = new ArrayList<>();
    while (raw.remaining() >= Integer.BYTES) {
      int length = raw.getInt();
      if (length < 0 || length > raw.remaining()) {
        throw new IOException("output " + name + " is cut short");
      }
      byte[] value = new byte[length];
      raw.get(value);
      values.add(text(value));
    }
    return values;
  }

  /** Two values are the same text exactly if their bytes are the same. */
  static String text(byte[] value) {
    String text = new String(value, StandardCharsets.UTF_8);
    return text.indexOf('\uFFFD') < 0 ? text : Base64.getEncoder().encodeToString(value);
  }
}
