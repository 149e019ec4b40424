package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads an inference request from JSON, in one pass and without a tree of nodes. */
public final class RequestParser {
  private static final String EXAMPLE =
      "send an object such as {\"inputs\": [{\"name\": …, \"shape\": […], \"datatype\": …,"
          + " \"data\": […]}]}";

  private final int maxDepth;
  private final JsonFactory json;

  /**
   * Makes a parser.
   *
   * @param maxDepth how deep a body may nest
   */
  public RequestParser(int maxDepth) {
    this.maxDepth = maxDepth;
    this.json =
        JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(maxDepth)
                    // A file in base64 is one string; the limit of the body bounds it.
                    .maxStringLength(Integer.MAX_VALUE)
                    .build())
            .build();
  }

  /**
   * Reads a request.
   *
   * @throws ProtocolException with status 400 and what is wrong with it
   */
  public InferenceRequest parse(byte[] body) {
    return parse(body, body.length);
  }

  /**
   * Reads a request whose inputs' binary data follows its JSON object.
   *
   * @param jsonLength how many bytes the object has
   * @throws ProtocolException with status 400 and what is wrong with it
   */
  public InferenceRequest parse(byte[] body, int jsonLength) {
    if (jsonLength == 0) {
      throw ProtocolException.badRequest("the body is empty: " + EXAMPLE);
    }
    BinaryTail tail = new BinaryTail(ByteBuffer.wrap(body, jsonLength, body.length - jsonLength));
    try (JsonParser parser = json.createParser(body, 0, jsonLength)) {
      parser.nextToken();
      InferenceRequest request = request(parser, jsonLength, tail);
      if (parser.nextToken() != null) {
        throw ProtocolException.badRequest(
            "the body goes on after its JSON object: send one object per request");
      }
      tail.requireEmpty();
      return request;
    } catch (StreamConstraintsException e) {
      String words = e.getOriginalMessage();
      throw ProtocolException.badRequest(
          words.contains("nesting depth")
              ? "the body nests deeper than %d levels: write data as its input's shape says or flat, or raise HONE_MAX_JSON_DEPTH"
                  .formatted(maxDepth)
              : "the body has a name or a number that is too long: " + inWords(words));
    } catch (JsonProcessingException e) {
      throw ProtocolException.badRequest(
          "the body is not valid JSON at line %d, column %d (%s): %s"
              .formatted(
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 0 : e.getLocation().getColumnNr(),
                  inWords(e.getOriginalMessage()),
                  EXAMPLE));
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory failed", e);
    }
  }

  private static InferenceRequest request(JsonParser parser, int bodyLength, BinaryTail tail)
      throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw ProtocolException.badRequest("the body is not a JSON object: " + EXAMPLE);
    }
    @Nullable String id = null;
    @Nullable List<Tensor> inputs = null;
    List<RequestedOutput> outputs = List.of();
    Map<String, Object> parameters = Map.of();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "id" -> id = string(parser, "id");
        case "inputs" -> inputs = inputs(parser, bodyLength, tail);
        case "outputs" -> outputs = outputs(parser);
        case "parameters" -> parameters = ParameterReader.read(parser, "parameters");
        default -> parser.skipChildren();
      }
    }
    if (inputs == null || inputs.isEmpty()) {
      throw ProtocolException.badRequest("the request has no inputs: " + EXAMPLE);
    }
    return new InferenceRequest(id, inputs, outputs, parameters);
  }

  private static List<Tensor> inputs(JsonParser parser, int bodyLength, BinaryTail tail)
      throws IOException {
    expectArray(parser, "inputs");
    List<Tensor> inputs = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      Tensor input = new InputParser(parser, bodyLength, inputs.size(), tail).parse();
      if (inputs.stream().anyMatch(earlier -> earlier.name().equals(input.name()))) {
        throw ProtocolException.badRequest(
            "input '%s' is given twice: give each input once".formatted(input.name()));
      }
      inputs.add(input);
    }
    return inputs;
  }

  private static List<RequestedOutput> outputs(JsonParser parser) throws IOException {
    expectArray(parser, "outputs");
    List<RequestedOutput> outputs = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (parser.currentToken() != JsonToken.START_OBJECT) {
        throw ProtocolException.badRequest(
            "outputs[%d] is not an object: write {\"name\": …}".formatted(outputs.size()));
      }
      outputs.add(output(parser, outputs.size()));
    }
    return outputs;
  }

  private static RequestedOutput output(JsonParser parser, int index) throws IOException {
    @Nullable String name = null;
    Map<String, Object> parameters = Map.of();
    String path = "outputs[%d]".formatted(index);
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "name" -> name = string(parser, path + ".name");
        case "parameters" -> parameters = ParameterReader.read(parser, path + ".parameters");
        default -> parser.skipChildren();
      }
    }
    if (name == null) {
      throw ProtocolException.badRequest("%s has no name: write {\"name\": …}".formatted(path));
    }
    return RequestedOutput.of(name, parameters, path);
  }

  static void expectArray(JsonParser parser, String field) {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw ProtocolException.badRequest("'%s' is not an array: %s".formatted(field, EXAMPLE));
    }
  }

  static String string(JsonParser parser, String field) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw ProtocolException.badRequest("'%s' is not a string".formatted(field));
    }
    return parser.getText();
  }

  private static String inWords(String message) {
    if (message.startsWith("Non-standard token")) {
      return "NaN and Infinity are no JSON numbers";
    }
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
