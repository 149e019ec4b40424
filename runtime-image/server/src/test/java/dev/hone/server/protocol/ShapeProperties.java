package dev.hone.server.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ShapeProperties {
  @Property
  void countsAsUnboundedArithmeticDoes(@ForAll("anyDims") long[] dims) {
    BigInteger exact =
        Arrays.stream(dims)
            .mapToObj(BigInteger::valueOf)
            .reduce(BigInteger.ONE, BigInteger::multiply);
    BigInteger withoutZeros =
        Arrays.stream(dims)
            .map(dim -> Math.max(dim, 1))
            .mapToObj(BigInteger::valueOf)
            .reduce(BigInteger.ONE, BigInteger::multiply);
    Shape shape = Shape.of(dims);

    if (withoutZeros.bitLength() <= 31 || exact.signum() == 0 && withoutZeros.bitLength() <= 63) {
      assertThat(BigInteger.valueOf(shape.elements())).isEqualTo(exact);
    } else {
      assertThatThrownBy(shape::elements).isInstanceOf(ArithmeticException.class);
    }
  }

  @Property
  void acceptsItselfAndAnyInPlaceOfAnySize(@ForAll("smallDims") long[] dims, @ForAll int free) {
    int axis = Math.floorMod(free, dims.length);
    Shape shape = Shape.of(dims);

    assertThat(shape.accepts(shape)).isTrue();
    assertThat(shape.with(axis, Shape.ANY).accepts(shape)).isTrue();
    assertThat(shape.with(axis, dims[axis] + 1).accepts(shape)).isFalse();
    assertThat(Shape.of(Arrays.copyOf(dims, dims.length + 1)).accepts(shape)).isFalse();
  }

  @Property
  void rowsTimesElementsPerRowIsAll(@ForAll("smallDims") long[] dims) {
    Shape shape = Shape.of(dims);

    assertThat(shape.dim(0) * shape.elementsPerRow()).isEqualTo(shape.elements());
  }

  @Provide
  Arbitrary<long[]> anyDims() {
    Arbitrary<Long> dims =
        Arbitraries.oneOf(
            Arbitraries.longs().between(0, 9), Arbitraries.longs().between(0, Long.MAX_VALUE));
    return dims.array(long[].class).ofMaxSize(6);
  }

  @Provide
  Arbitrary<long[]> smallDims() {
    return Arbitraries.longs().between(0, 9).array(long[].class).ofMinSize(1).ofMaxSize(5);
  }
}
