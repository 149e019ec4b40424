package dev.hone.server.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class RawTensorTest {
  @Test
  void readsNumbersInPlaceAndInLittleEndian() {
    ByteBuffer body = ByteBuffer.wrap(new byte[] {9, 1, 0, 2, 0, 9});
    NumericTensor tensor =
        (NumericTensor) RawTensor.decode("x", Datatype.UINT16, Shape.of(2), body.slice(1, 4));

    assertThat(tensor.integer(0)).isEqualTo(1);
    assertThat(tensor.integer(1)).isEqualTo(2);
    assertThat(tensor.data().array()).isSameAs(body.array());
  }

  @Test
  void readsTheUpperHalfOfAFloat() {
    ByteBuffer half = ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN);
    half.putShort(0, (short) (Float.floatToIntBits(-1.5f) >>> 16));
    NumericTensor tensor = (NumericTensor) RawTensor.decode("x", Datatype.BF16, Shape.of(1), half);

    assertThat(tensor.floating(0)).isEqualTo(-1.5);
  }

  @Test
  void writesEachStringAfterItsLength() {
    ByteBuffer raw = RawTensor.encode(BytesTensor.ofTexts("x", Shape.of(2), List.of("ü", "")));

    byte[] bytes = new byte[raw.remaining()];
    raw.get(bytes);
    assertThat(bytes).containsExactly(2, 0, 0, 0, 0xC3, 0xBC, 0, 0, 0, 0);
  }

  @Test
  void refusesWhatShapeAndDatatypeDoNotSay() {
    refused(Datatype.FP32, Shape.of(2), new byte[7], "take 8 bytes, but has 7");
    refused(Datatype.BOOL, Shape.of(2), new byte[] {1, 2}, "holds 2 in element 1, but BOOL");
    refused(Datatype.BYTES, Shape.of(1), new byte[] {-1, -1, -1, -1}, "has 4294967295 bytes");
    refused(Datatype.BYTES, Shape.of(1), new byte[] {5, 0, 0, 0, 1}, "has 5 bytes, but 1 are left");
    refused(Datatype.BYTES, Shape.of(2), new byte[4], "needs 2 elements, but its bytes hold 1");
    refused(Datatype.BYTES, Shape.of(1), new byte[5], "hold 1 and 1 bytes more");
    refused(Datatype.INT8, Shape.of(0), new byte[0], "holds no element");
    refused(Datatype.INT8, Shape.of(1L << 40), new byte[1], "more elements than one tensor holds");
  }

  private static void refused(Datatype datatype, Shape shape, byte[] raw, String sentence) {
    assertThatThrownBy(() -> RawTensor.decode("x", datatype, shape, ByteBuffer.wrap(raw)))
        .isInstanceOfSatisfying(
            ProtocolException.class, refusal -> assertThat(refusal.status()).isEqualTo(400))
        .hasMessageContaining(sentence);
  }

  @Property(tries = 300)
  void whateverIsRead_isWrittenBack(@ForAll Datatype datatype, @ForAll byte[] bytes) {
    boolean strings = datatype == Datatype.BYTES;
    ByteBuffer raw = strings ? framed(bytes) : whole(datatype, bytes);
    int elements = strings ? bytes.length : raw.remaining() / datatype.width();
    if (elements == 0) {
      return;
    }
    Tensor tensor = RawTensor.decode("x", datatype, Shape.of(elements), raw.duplicate());

    assertThat(RawTensor.encode(tensor)).isEqualTo(raw);
  }

  private static ByteBuffer framed(byte[] bytes) {
    ByteBuffer raw = ByteBuffer.allocate(5 * bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    for (byte value : bytes) {
      raw.putInt(1).put(value);
    }
    return raw.flip();
  }

  private static ByteBuffer whole(Datatype datatype, byte[] bytes) {
    byte[] fitting = java.util.Arrays.copyOf(bytes, bytes.length - bytes.length % datatype.width());
    if (datatype == Datatype.BOOL) {
      for (int index = 0; index < fitting.length; index++) {
        fitting[index] &= 1;
      }
    }
    return ByteBuffer.wrap(fitting);
  }

  @Test
  void aTextMustBeUtf8() {
    BytesTensor tensor = new BytesTensor("x", Shape.of(1), List.of(new byte[] {(byte) 0xC3}));
    assertThatThrownBy(tensor::texts).hasMessageContaining("is no UTF-8 in element 0");
    assertThat(
            new BytesTensor("x", Shape.of(1), List.of("\uFFFD".getBytes(StandardCharsets.UTF_8)))
                .texts())
        .containsExactly("\uFFFD");
  }
}
