package dev.hone.server.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor of numbers or booleans, row-major in native byte order, as the backend takes it.
 *
 * @param data the elements, from index 0 to its limit; nobody moves its position
 */
public record NumericTensor(String name, Datatype datatype, Shape shape, ByteBuffer data)
    implements Tensor {
  /** Checks that shape and data agree. */
  public NumericTensor {
    if (datatype.width() == 0) {
      throw new IllegalArgumentException(datatype + " is not numeric");
    }
    if ((long) shape.elements() * datatype.width() != data.limit()) {
      throw new IllegalArgumentException(
          "shape %s of %s does not hold %d bytes".formatted(shape, datatype, data.limit()));
    }
  }

  /** An all-zero buffer for that many elements. */
  public static ByteBuffer allocate(Datatype datatype, int elements) {
    return ByteBuffer.allocate(Math.multiplyExact(elements, datatype.width()))
        .order(ByteOrder.nativeOrder());
  }

  /** An INT64 tensor. */
  public static NumericTensor ofLongs(String name, Shape shape, long[] values) {
    ByteBuffer data = allocate(Datatype.INT64, values.length);
    data.asLongBuffer().put(values);
    return new NumericTensor(name, Datatype.INT64, shape, data);
  }

  /** An FP32 tensor. */
  public static NumericTensor ofFloats(String name, Shape shape, float[] values) {
    ByteBuffer data = allocate(Datatype.FP32, values.length);
    data.asFloatBuffer().put(values);
    return new NumericTensor(name, Datatype.FP32, shape, data);
  }

  /** One element of an integer or boolean tensor; UINT64 keeps its bits. */
  public long integer(int index) {
    return switch (datatype) {
      case BOOL, UINT8 -> Byte.toUnsignedLong(data.get(index));
      case INT8 -> data.get(index);
      case UINT16 -> Short.toUnsignedLong(data.getShort(index * 2));
      case INT16 -> data.getShort(index * 2);
      case UINT32 -> Integer.toUnsignedLong(data.getInt(index * 4));
      case INT32 -> data.getInt(index * 4);
      case UINT64, INT64 -> data.getLong(index * 8);
      case FP16, FP32, FP64, BF16, BYTES ->
          throw new IllegalStateException(datatype + " holds no integers");
    };
  }

  /** One element of a floating-point tensor. */
  public double floating(int index) {
    return switch (datatype) {
      case FP16 -> Float.float16ToFloat(data.getShort(index * 2));
      case BF16 -> Float.intBitsToFloat(data.getShort(index * 2) << 16);
      case FP32 -> data.getFloat(index * 4);
      case FP64 -> data.getDouble(index * 8);
      default -> throw new IllegalStateException(datatype + " holds no floating-point numbers");
    };
  }

  /** The same elements under another name. */
  public NumericTensor named(String other) {
    return new NumericTensor(other, datatype, shape, data);
  }
}
