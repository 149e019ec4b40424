package dev.hone.server.protocol;

import java.nio.ByteBuffer;

/** Casts a tensor to the datatype that a model takes where no value changes. */
final class LosslessCast {
  private LosslessCast() {}

  static Tensor to(Datatype wanted, Tensor tensor, String model) {
    if (tensor.datatype() == wanted) {
      return tensor;
    }
    if (tensor instanceof NumericTensor numeric) {
      if (bothAre(Datatype.Kind.INTEGER, numeric.datatype(), wanted)
          && numeric.datatype() != Datatype.UINT64
          && wanted != Datatype.UINT64) {
        return integers(wanted, numeric, model);
      }
      if (bothAre(Datatype.Kind.FLOAT, numeric.datatype(), wanted)
          && wanted.width() > numeric.datatype().width()) {
        return floats(wanted, numeric);
      }
    }
    throw ProtocolException.badRequest(
        "input '%s' has datatype %s, but model '%s' takes %s"
            .formatted(tensor.name(), tensor.datatype(), model, wanted));
  }

  private static boolean bothAre(Datatype.Kind kind, Datatype one, Datatype other) {
    return one.kind() == kind && other.kind() == kind;
  }

  private static NumericTensor integers(Datatype wanted, NumericTensor tensor, String model) {
    int elements = tensor.elements();
    ByteBuffer data = NumericTensor.allocate(wanted, elements);
    for (int index = 0; index < elements; index++) {
      long value = tensor.integer(index);
      if (value < wanted.minimum() || value > wanted.maximum()) {
        throw ProtocolException.badRequest(
            "input '%s' holds %d in element %d, which does not fit %s, the datatype that model '%s' takes"
                .formatted(tensor.name(), value, index, wanted, model));
      }
      switch (wanted.width()) {
        case 1 -> data.put(index, (byte) value);
        case 2 -> data.putShort(index * 2, (short) value);
        case 4 -> data.putInt(index * 4, (int) value);
        default -> data.putLong(index * 8, value);
      }
    }
    return new NumericTensor(tensor.name(), wanted, tensor.shape(), data);
  }

  private static NumericTensor floats(Datatype wanted, NumericTensor tensor) {
    int elements = tensor.elements();
    ByteBuffer data = NumericTensor.allocate(wanted, elements);
    for (int index = 0; index < elements; index++) {
      if (wanted == Datatype.FP64) {
        data.putDouble(index * 8, tensor.floating(index));
      } else {
        data.putFloat(index * 4, (float) tensor.floating(index));
      }
    }
    return new NumericTensor(tensor.name(), wanted, tensor.shape(), data);
  }
}
