package dev.hone.server.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The protocol's raw form of a tensor: little-endian, row-major, without padding; an element of
 * BYTES stands after its length in four bytes. The binary data extension and gRPC share it.
 */
public final class RawTensor {
  private static final int LENGTH_BYTES = 4;

  private RawTensor() {}

  /**
   * Reads an input.
   *
   * @param raw from its position to its limit the tensor's bytes; a numeric tensor keeps them
   * @throws ProtocolException with status 400 if they are not what datatype and shape say
   */
  public static Tensor decode(String name, Datatype datatype, Shape shape, ByteBuffer raw) {
    int elements = elements(name, shape);
    if (datatype == Datatype.BYTES) {
      return new BytesTensor(name, shape, strings(name, shape, elements, raw));
    }
    long expected = (long) elements * datatype.width();
    if (raw.remaining() != expected) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype %s and shape %s, which take %d bytes, but has %d: make shape and data agree"
              .formatted(name, datatype, shape, expected, raw.remaining()));
    }
    // All platforms that ONNX Runtime's Java binding is built for are little-endian.
    ByteBuffer data = raw.slice().order(ByteOrder.LITTLE_ENDIAN);
    if (datatype == Datatype.BOOL) {
      requireTruths(name, elements, data);
    }
    return new NumericTensor(name, datatype, shape, data);
  }

  /**
   * The number of elements of an input.
   *
   * @throws ProtocolException with status 400 if there is none, or more than one tensor holds
   */
  public static int elements(String name, Shape shape) {
    int count;
    try {
      count = shape.elements();
    } catch (ArithmeticException e) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, which is more elements than one tensor holds"
              .formatted(name, shape));
    }
    if (count == 0) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, which holds no element: send at least one"
              .formatted(name, shape));
    }
    return count;
  }

  private static List<byte[]> strings(String name, Shape shape, int elements, ByteBuffer raw) {
    ByteBuffer rest = raw.slice().order(ByteOrder.LITTLE_ENDIAN);
    List<byte[]> values = new ArrayList<>();
    while (rest.remaining() >= LENGTH_BYTES && values.size() < elements) {
      int length = rest.getInt();
      if (length < 0 || length > rest.remaining()) {
        throw ProtocolException.badRequest(
            "element %d of input '%s' says that it has %d bytes, but %d are left: write each element's length in 4 bytes before it"
                .formatted(values.size(), name, Integer.toUnsignedLong(length), rest.remaining()));
      }
      byte[] value = new byte[length];
      rest.get(value);
      values.add(value);
    }
    if (values.size() != elements || rest.hasRemaining()) {
      throw ProtocolException.badRequest(
          "input '%s' has shape %s, which needs %d elements, but its bytes hold %d and %d bytes more: make shape and data agree"
              .formatted(name, shape, elements, values.size(), rest.remaining()));
    }
    return values;
  }

  private static void requireTruths(String name, int elements, ByteBuffer data) {
    for (int index = 0; index < elements; index++) {
      byte value = data.get(index);
      if (value != 0 && value != 1) {
        throw ProtocolException.badRequest(
            "input '%s' holds %d in element %d, but BOOL takes 0 and 1"
                .formatted(name, Byte.toUnsignedInt(value), index));
      }
    }
  }

  /** Writes an output. A numeric tensor's bytes are shared, not copied. */
  public static ByteBuffer encode(Tensor tensor) {
    return switch (tensor) {
      case NumericTensor numeric -> numeric.data().duplicate().position(0);
      case BytesTensor bytes -> {
        long size = bytes.values().stream().mapToLong(value -> LENGTH_BYTES + value.length).sum();
        ByteBuffer raw = ByteBuffer.allocate(Math.toIntExact(size)).order(ByteOrder.LITTLE_ENDIAN);
        for (byte[] value : bytes.values()) {
          raw.putInt(value.length).put(value);
        }
        yield raw.flip();
      }
    };
  }
}
