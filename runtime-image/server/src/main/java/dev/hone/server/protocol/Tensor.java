package dev.hone.server.protocol;

/** A named tensor of a request or a response. */
public sealed interface Tensor permits NumericTensor, BytesTensor {
  /** Its name. */
  String name();

  /** Its datatype. */
  Datatype datatype();

  /** Its shape; every dimension is known. */
  Shape shape();

  /** The number of elements. */
  default int elements() {
    return shape().elements();
  }
}
