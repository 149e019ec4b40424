package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;

/** Turns JSON values into the elements of a numeric tensor, and refuses what would change them. */
final class ElementWriter implements DataReader.Elements {
  private static final BigInteger UINT64_MAX = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

  private final String name;
  private final Datatype datatype;
  private final ByteBuffer data;

  ElementWriter(String name, Datatype datatype, int elements) {
    this.name = name;
    this.datatype = datatype;
    try {
      this.data = NumericTensor.allocate(datatype, elements);
    } catch (ArithmeticException e) {
      throw ProtocolException.badRequest(
          "input '%s' is larger than 2 GiB: send fewer rows at a time".formatted(name));
    }
  }

  ByteBuffer data() {
    return data;
  }

  @Override
  public void accept(JsonParser parser, int index) throws IOException {
    switch (datatype.kind()) {
      case BOOLEAN -> data.put(index, (byte) (truth(parser, index) ? 1 : 0));
      case INTEGER -> putInteger(index, integer(parser, index));
      case FLOAT -> putFloating(parser, index);
      case BYTES -> throw new IllegalStateException("strings have no fixed width");
    }
  }

  private boolean truth(JsonParser parser, int index) throws IOException {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_TRUE && token != JsonToken.VALUE_FALSE) {
      throw wrongElement(parser, name, datatype, index, "true and false");
    }
    return token == JsonToken.VALUE_TRUE;
  }

  private long integer(JsonParser parser, int index) throws IOException {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw wrongElement(parser, name, datatype, index, "whole numbers");
    }
    if (datatype == Datatype.UINT64) {
      BigInteger value = parser.getBigIntegerValue();
      if (value.signum() < 0 || value.compareTo(UINT64_MAX) > 0) {
        throw outOfRange(parser, index);
      }
      return value.longValue();
    }
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw outOfRange(parser, index);
    }
    long value = parser.getLongValue();
    if (value < datatype.minimum() || value > datatype.maximum()) {
      throw outOfRange(parser, index);
    }
    return value;
  }

  private void putInteger(int index, long value) {
    switch (datatype.width()) {
      case 1 -> data.put(index, (byte) value);
      case 2 -> data.putShort(index * 2, (short) value);
      case 4 -> data.putInt(index * 4, (int) value);
      default -> data.putLong(index * 8, value);
    }
  }

  private void putFloating(JsonParser parser, int index) throws IOException {
    if (datatype == Datatype.BF16) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype BF16, which JSON cannot carry: send it as binary data, or as FP32 to a model that takes FP32"
              .formatted(name));
    }
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
      throw wrongElement(parser, name, datatype, index, "finite numbers");
    }
    if (datatype == Datatype.FP64) {
      double value = parser.getDoubleValue();
      requireFinite(Double.isFinite(value), parser, index);
      data.putDouble(index * 8, value);
    } else if (datatype == Datatype.FP32) {
      float value = parser.getFloatValue();
      requireFinite(Float.isFinite(value), parser, index);
      data.putFloat(index * 4, value);
    } else {
      short half = Float.floatToFloat16(parser.getFloatValue());
      requireFinite(Float.isFinite(Float.float16ToFloat(half)), parser, index);
      data.putShort(index * 2, half);
    }
  }

  private void requireFinite(boolean finite, JsonParser parser, int index) throws IOException {
    if (!finite) {
      throw outOfRange(parser, index);
    }
  }

  private ProtocolException outOfRange(JsonParser parser, int index) throws IOException {
    return ProtocolException.badRequest(
        "data of input '%s' holds %s in element %d, which does not fit %s"
            .formatted(name, excerpt(parser), index, datatype));
  }

  static ProtocolException wrongElement(
      JsonParser parser, String name, Datatype datatype, int index, String instead)
      throws IOException {
    return ProtocolException.badRequest(
        "data of input '%s' holds %s in element %d, but %s takes %s"
            .formatted(name, excerpt(parser), index, datatype, instead));
  }

  private static String excerpt(JsonParser parser) throws IOException {
    String text =
        switch (parser.currentToken()) {
          case START_ARRAY -> "a list";
          case START_OBJECT -> "an object";
          case VALUE_STRING -> "\"" + parser.getText() + "\"";
          default -> parser.getText();
        };
    return text.length() <= 40 ? text : text.substring(0, 40) + "…";
  }
}
