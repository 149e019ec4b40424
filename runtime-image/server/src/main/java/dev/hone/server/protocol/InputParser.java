package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.util.TokenBuffer;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads one element of a request's {@code inputs}; the order of its members does not matter. */
final class InputParser {
  private static final int MAX_RANK = 16;

  private final JsonParser parser;
  private final int bodyLength;
  private final int index;
  private final BinaryTail tail;

  private @Nullable String name;
  private @Nullable String datatypeName;
  private @Nullable Shape shape;
  private @Nullable Tensor tensor;
  private @Nullable TokenBuffer early;
  private Map<String, Object> parameters = Map.of();

  InputParser(JsonParser parser, int bodyLength, int index, BinaryTail tail) {
    this.parser = parser;
    this.bodyLength = bodyLength;
    this.index = index;
    this.tail = tail;
  }

  Tensor parse() throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw ProtocolException.badRequest(
          "inputs[%d] is not an object: write {\"name\": …, \"shape\": […], \"datatype\": …,"
                  .formatted(index)
              + " \"data\": […]}");
    }
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String field = parser.currentName();
      parser.nextToken();
      switch (field) {
        case "name" -> name = RequestParser.string(parser, path("name"));
        case "datatype" -> datatypeName = RequestParser.string(parser, path("datatype"));
        case "shape" -> shape = shape();
        case "data" -> data();
        case "parameters" -> parameters = ParameterReader.read(parser, path("parameters"));
        default -> parser.skipChildren();
      }
    }
    Object size = parameters.get("binary_data_size");
    return size == null ? decoded(fromJson()) : fromTail(size);
  }

  private Tensor fromJson() throws IOException {
    if (tensor != null) {
      return tensor;
    }
    TokenBuffer kept = early;
    if (kept == null) {
      throw missing("data");
    }
    try (kept;
        JsonParser again = kept.asParser(parser)) {
      again.nextToken();
      return read(again);
    }
  }

  private Tensor fromTail(Object size) {
    if (tensor != null || early != null) {
      throw ProtocolException.badRequest(
          "inputs[%d] has both 'data' and 'binary_data_size': send one of them".formatted(index));
    }
    if (!(size instanceof Long bytes) || bytes < 0 || bytes > Integer.MAX_VALUE) {
      throw ProtocolException.badRequest(
          "%s.binary_data_size is %s: write how many bytes of the body are this input's"
              .formatted(path("parameters"), size));
    }
    String label = required(name, "name");
    Datatype datatype = Datatype.parse(label, required(datatypeName, "datatype"));
    return RawTensor.decode(
        label, datatype, required(shape, "shape"), tail.take(label, Math.toIntExact(bytes)));
  }

  /** Files travel in JSON as base64, if the input says so. */
  private Tensor decoded(Tensor read) {
    return read instanceof BytesTensor bytes && "base64".equals(parameters.get("content_type"))
        ? Base64Elements.decode(bytes)
        : read;
  }

  private void data() throws IOException {
    RequestParser.expectArray(parser, path("data"));
    if (name != null && datatypeName != null && shape != null) {
      tensor = read(parser);
    } else {
      // The data came before what says how to read it: keep its tokens until then.
      TokenBuffer buffer = new TokenBuffer(parser);
      buffer.copyCurrentStructure(parser);
      early = buffer;
    }
  }

  private Tensor read(JsonParser source) throws IOException {
    String label = required(name, "name");
    Datatype datatype = Datatype.parse(label, required(datatypeName, "datatype"));
    return new DataReader(source, label, datatype, required(shape, "shape"), bodyLength).read();
  }

  private Shape shape() throws IOException {
    RequestParser.expectArray(parser, path("shape"));
    long[] dims = new long[MAX_RANK];
    int rank = 0;
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (rank == MAX_RANK) {
        throw ProtocolException.badRequest(
            "%s has more than %d dimensions".formatted(path("shape"), MAX_RANK));
      }
      if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT
          || parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || parser.getLongValue() < 0) {
        throw ProtocolException.badRequest(
            "%s holds %s: every dimension is a whole number from 0 up"
                .formatted(path("shape"), parser.getText()));
      }
      dims[rank++] = parser.getLongValue();
    }
    return Shape.of(Arrays.copyOf(dims, rank));
  }

  private <T> T required(@Nullable T value, String field) {
    if (value == null) {
      throw missing(field);
    }
    return value;
  }

  private ProtocolException missing(String field) {
    return ProtocolException.badRequest(
        "%s has no '%s': every input needs name, shape, datatype and data"
            .formatted(
                name == null ? "inputs[%d]".formatted(index) : "input '" + name + "'", field));
  }

  private String path(String field) {
    return "inputs[%d].%s".formatted(index, field);
  }
}
