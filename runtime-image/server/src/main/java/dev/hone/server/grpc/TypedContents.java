package dev.hone.server.grpc;

import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.RawTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import java.nio.ByteBuffer;
import java.util.function.IntToLongFunction;

/** Tensors in gRPC's typed fields. FP16 and BF16 have none and travel raw. */
final class TypedContents {
  private TypedContents() {}

  /**
   * Reads an input.
   *
   * @throws ProtocolException with status 400 if shape and field disagree, or a value does not fit
   */
  static Tensor read(String name, Datatype datatype, Shape shape, InferTensorContents contents) {
    int elements = RawTensor.elements(name, shape);
    requireCount(name, datatype, shape, elements, count(datatype, contents));
    if (datatype == Datatype.BYTES) {
      return new BytesTensor(
          name,
          shape,
          contents.getBytesContentsList().stream().map(ByteString::toByteArray).toList());
    }
    ByteBuffer data = NumericTensor.allocate(datatype, elements);
    switch (datatype) {
      case FP32 -> {
        for (int index = 0; index < elements; index++) {
          data.putFloat(index * 4, contents.getFp32Contents(index));
        }
      }
      case FP64 -> {
        for (int index = 0; index < elements; index++) {
          data.putDouble(index * 8, contents.getFp64Contents(index));
        }
      }
      default -> integers(name, datatype, elements, values(datatype, contents), data);
    }
    return new NumericTensor(name, datatype, shape, data);
  }

  private static int count(Datatype datatype, InferTensorContents contents) {
    return switch (datatype) {
      case BOOL -> contents.getBoolContentsCount();
      case INT8, INT16, INT32 -> contents.getIntContentsCount();
      case INT64 -> contents.getInt64ContentsCount();
      case UINT8, UINT16, UINT32 -> contents.getUintContentsCount();
      case UINT64 -> contents.getUint64ContentsCount();
      case FP32 -> contents.getFp32ContentsCount();
      case FP64 -> contents.getFp64ContentsCount();
      case BYTES -> contents.getBytesContentsCount();
      case FP16, BF16 -> 0;
    };
  }

  private static IntToLongFunction values(Datatype datatype, InferTensorContents contents) {
    return switch (datatype) {
      case BOOL -> index -> contents.getBoolContents(index) ? 1 : 0;
      case INT8, INT16, INT32 -> contents::getIntContents;
      case INT64 -> contents::getInt64Contents;
      case UINT8, UINT16, UINT32 ->
          index -> Integer.toUnsignedLong(contents.getUintContents(index));
      case UINT64 -> contents::getUint64Contents;
      case FP16, BF16, FP32, FP64, BYTES ->
          throw new IllegalStateException(datatype + " holds no integers");
    };
  }

  private static void integers(
      String name, Datatype datatype, int elements, IntToLongFunction values, ByteBuffer data) {
    for (int index = 0; index < elements; index++) {
      long value = values.applyAsLong(index);
      if (!datatype.holds(value)) {
        throw ProtocolException.badRequest(
            "input '%s' holds %d in element %d, which does not fit %s"
                .formatted(name, value, index, datatype));
      }
      switch (datatype.width()) {
        case 1 -> data.put(index, (byte) value);
        case 2 -> data.putShort(index * 2, (short) value);
        case 4 -> data.putInt(index * 4, (int) value);
        default -> data.putLong(index * 8, value);
      }
    }
  }

  private static void requireCount(
      String name, Datatype datatype, Shape shape, int elements, int found) {
    if (datatype == Datatype.FP16 || datatype == Datatype.BF16) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype %s, which no typed field carries: send raw_input_contents"
              .formatted(name, datatype));
    }
    if (elements != found) {
      throw ProtocolException.badRequest(
          "input '%s' has datatype %s and shape %s, which needs %d elements, but the contents of that type have %d: make shape and contents agree"
              .formatted(name, datatype, shape, elements, found));
    }
  }

  /**
   * Writes an output.
   *
   * @throws ProtocolException with status 400 for FP16 and BF16
   */
  static InferTensorContents write(Tensor tensor) {
    InferTensorContents.Builder contents = InferTensorContents.newBuilder();
    switch (tensor) {
      case BytesTensor bytes ->
          bytes.values().forEach(value -> contents.addBytesContents(ByteString.copyFrom(value)));
      case NumericTensor numeric -> {
        int elements = numeric.elements();
        for (int index = 0; index < elements; index++) {
          add(contents, numeric, index);
        }
      }
    }
    return contents.build();
  }

  private static void add(InferTensorContents.Builder contents, NumericTensor tensor, int index) {
    switch (tensor.datatype()) {
      case BOOL -> contents.addBoolContents(tensor.integer(index) != 0);
      case INT8, INT16, INT32 -> contents.addIntContents((int) tensor.integer(index));
      case INT64 -> contents.addInt64Contents(tensor.integer(index));
      case UINT8, UINT16, UINT32 -> contents.addUintContents((int) tensor.integer(index));
      case UINT64 -> contents.addUint64Contents(tensor.integer(index));
      case FP32 -> contents.addFp32Contents((float) tensor.floating(index));
      case FP64 -> contents.addFp64Contents(tensor.floating(index));
      case FP16, BF16 ->
          throw ProtocolException.badRequest(
              "output '%s' has datatype %s, which no typed field carries: leave binary_data_output out"
                  .formatted(tensor.name(), tensor.datatype()));
      case BYTES -> throw new IllegalStateException("not a numeric tensor");
    }
  }
}
