package dev.hone.server.protocol;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The dimensions of a tensor; in a model's metadata -1 stands for any size. */
public final class Shape {
  /** The size that means "any". */
  public static final long ANY = -1;

  private final long[] dims;

  private Shape(long[] dims) {
    this.dims = dims;
  }

  /** A shape of the given dimensions. */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /** The number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** The size of one dimension. */
  public long dim(int axis) {
    return dims[axis];
  }

  /** The dimensions, as a copy. */
  public long[] toArray() {
    return dims.clone();
  }

  /**
   * The number of elements.
   *
   * @throws ArithmeticException if it does not fit an int, which is the most that one tensor holds
   */
  public int elements() {
    return product(0);
  }

  /** The number of elements in one step of the first axis; throws like {@link #elements()}. */
  public int elementsPerRow() {
    return product(1);
  }

  private int product(int from) {
    long product = 1;
    boolean empty = false;
    for (int axis = from; axis < dims.length; axis++) {
      if (dims[axis] < 0) {
        throw new ArithmeticException("a dimension is negative");
      }
      // An empty axis must not hide that the others overflow.
      empty |= dims[axis] == 0;
      product = Math.multiplyExact(product, Math.max(dims[axis], 1));
    }
    return empty ? 0 : Math.toIntExact(product);
  }

  /** This shape with another size on one axis. */
  public Shape with(int axis, long size) {
    long[] changed = dims.clone();
    changed[axis] = size;
    return new Shape(changed);
  }

  /** Whether a tensor of that shape may stand where this shape is declared. */
  public boolean accepts(Shape actual) {
    if (actual.dims.length != dims.length) {
      return false;
    }
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] != ANY && dims[axis] != actual.dims[axis]) {
        return false;
      }
    }
    return true;
  }

  /** Whether both agree on every axis but the first. */
  public boolean sameRowAs(Shape other) {
    return dims.length > 0
        && dims.length == other.dims.length
        && Arrays.equals(dims, 1, dims.length, other.dims, 1, other.dims.length);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** As JSON writes it. */
  @Override
  public String toString() {
    return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
