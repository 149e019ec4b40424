package dev.hone.server.protocol;

import java.util.List;

/** A tensor of strings. */
public record BytesTensor(String name, Shape shape, List<String> values) implements Tensor {
  /** Checks that shape and values agree. */
  public BytesTensor {
    if (shape.elements() != values.size()) {
      throw new IllegalArgumentException(
          "shape %s does not hold %d elements".formatted(shape, values.size()));
    }
    values = List.copyOf(values);
  }

  @Override
  public Datatype datatype() {
    return Datatype.BYTES;
  }
}
