package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads a {@code parameters} object: its strings, booleans, longs and doubles by name. */
final class ParameterReader {
  private ParameterReader() {}

  static Map<String, Object> read(JsonParser parser, String path) throws IOException {
    if (parser.currentToken() != JsonToken.START_OBJECT) {
      throw ProtocolException.badRequest("'%s' is not an object".formatted(path));
    }
    Map<String, Object> parameters = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      switch (parser.nextToken()) {
        case VALUE_STRING -> parameters.put(name, parser.getText());
        case VALUE_TRUE -> parameters.put(name, true);
        case VALUE_FALSE -> parameters.put(name, false);
        case VALUE_NUMBER_FLOAT -> parameters.put(name, parser.getDoubleValue());
        case VALUE_NUMBER_INT -> parameters.put(name, integer(parser, path, name));
        // Other servers' parameters may be anything; none of this one's is.
        default -> parser.skipChildren();
      }
    }
    return parameters;
  }

  private static long integer(JsonParser parser, String path, String name) throws IOException {
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw ProtocolException.badRequest(
          "'%s.%s' must be a number of at most 64 bits".formatted(path, name));
    }
    return parser.getLongValue();
  }
}
