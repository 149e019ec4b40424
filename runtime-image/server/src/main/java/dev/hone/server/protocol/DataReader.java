package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a tensor's {@code data}: flat, or nested exactly as its shape says. */
final class DataReader {
  private final JsonParser parser;
  private final String name;
  private final Datatype datatype;
  private final Shape shape;
  private final int elements;

  DataReader(JsonParser parser, String name, Datatype datatype, Shape shape, int bodyLength) {
    this.parser = parser;
    this.name = name;
    this.datatype = datatype;
    this.shape = shape;
    this.elements = elements(bodyLength);
  }

  /** Reads from the opening bracket, which is the parser's current token. */
  Tensor read() throws IOException {
    if (datatype == Datatype.BYTES) {
      List<byte[]> values = new ArrayList<>(elements);
      readAll((source, index) -> values.add(text(index).getBytes(StandardCharsets.UTF_8)));
      return new BytesTensor(name, shape, values);
    }
    ElementWriter writer = new ElementWriter(name, datatype, elements);
    readAll(writer);
    return new NumericTensor(name, datatype, shape, writer.data());
  }

  /** The count that the shape asks for, refused before anything of that size is allocated. */
  private int elements(int bodyLength) {
    int count = RawTensor.elements(name, shape);
    // Each element takes at least one character and a separator.
    if (count > bodyLength / 2) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, which needs %d elements, but its data has fewer: make shape and"
                  .formatted(name, shape, count)
              + " data agree");
    }
    return count;
  }

  private void readAll(Elements sink) throws IOException {
    JsonToken first = parser.nextToken();
    boolean nested = first == JsonToken.START_ARRAY && shape.rank() > 1;
    int read = nested ? level(sink, first, 0, 0) : leaves(sink, first, elements, 0);
    if (read != elements) {
      throw new IllegalStateException("read %d of %d elements".formatted(read, elements));
    }
  }

  private int level(Elements sink, JsonToken first, int axis, int start) throws IOException {
    if (axis == shape.rank() - 1) {
      return leaves(sink, first, Math.toIntExact(shape.dim(axis)), start);
    }
    int index = start;
    long found = 0;
    for (JsonToken token = first; token != JsonToken.END_ARRAY; token = parser.nextToken()) {
      if (token != JsonToken.START_ARRAY) {
        throw ProtocolException.badRequest(
            "data of input '%s' mixes lists and values: nest it as its shape %s says, or write it"
                    .formatted(name, shape)
                + " flat");
      }
      if (++found > shape.dim(axis)) {
        break;
      }
      index = level(sink, parser.nextToken(), axis + 1, index);
    }
    if (found != shape.dim(axis)) {
      throw wrongCount(
          "axis %d of its data has %s".formatted(axis, atLeast(found, shape.dim(axis))));
    }
    return index;
  }

  private int leaves(Elements sink, JsonToken first, int expected, int start) throws IOException {
    int found = 0;
    for (JsonToken token = first; token != JsonToken.END_ARRAY; token = parser.nextToken()) {
      if (++found > expected) {
        break;
      }
      sink.accept(parser, start + found - 1);
    }
    if (found != expected) {
      throw wrongCount(
          expected == elements
              ? "its data has " + atLeast(found, expected)
              : "a list in its data has " + atLeast(found, expected));
    }
    return start + found;
  }

  private static String atLeast(long found, long expected) {
    return found > expected ? "more than " + expected : Long.toString(found);
  }

  private ProtocolException wrongCount(String found) {
    return ProtocolException.badRequest(
        "input '%s' has shape %s, which needs %d elements, but %s: make shape and data agree"
            .formatted(name, shape, elements, found));
  }

  private String text(int index) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw ElementWriter.wrongElement(parser, name, datatype, index, "strings");
    }
    String text = parser.getText();
    for (int at = 0; at < text.length(); at++) {
      char unit = text.charAt(at);
      if (Character.isHighSurrogate(unit)
          && at + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(at + 1))) {
        at++;
      } else if (Character.isSurrogate(unit)) {
        throw ProtocolException.badRequest(
            "data of input '%s' has half a surrogate pair in element %d: write whole characters"
                .formatted(name, index));
      }
    }
    return text;
  }

  /** Takes the element that the parser stands on. */
  interface Elements {
    void accept(JsonParser parser, int index) throws IOException;
  }
}
