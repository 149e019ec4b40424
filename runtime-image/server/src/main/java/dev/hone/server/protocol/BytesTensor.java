package dev.hone.server.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A tensor of byte strings: texts in UTF-8, or files such as images.
 *
 * @param values the elements, row-major; nobody changes their bytes
 */
public record BytesTensor(String name, Shape shape, List<byte[]> values) implements Tensor {
  private static final char REPLACEMENT = '\uFFFD';

  /** Checks that shape and values agree. */
  public BytesTensor {
    if (shape.elements() != values.size()) {
      throw new IllegalArgumentException(
          "shape %s does not hold %d elements".formatted(shape, values.size()));
    }
    values = List.copyOf(values);
  }

  /** A tensor of texts. */
  public static BytesTensor ofTexts(String name, Shape shape, List<String> texts) {
    return new BytesTensor(
        name, shape, texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList());
  }

  @Override
  public Datatype datatype() {
    return Datatype.BYTES;
  }

  /**
   * The elements as texts.
   *
   * @throws ProtocolException with status 400 if one is no UTF-8
   */
  public List<String> texts() {
    List<String> texts = new ArrayList<>(values.size());
    for (byte[] value : values) {
      String text = new String(value, StandardCharsets.UTF_8);
      if (text.indexOf(REPLACEMENT) >= 0) {
        requireUtf8(value, texts.size());
      }
      texts.add(text);
    }
    return texts;
  }

  private void requireUtf8(byte[] value, int index) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value));
    } catch (CharacterCodingException e) {
      throw ProtocolException.badRequest(
          "input '%s' is no UTF-8 in element %d: encode texts so".formatted(name, index));
    }
  }
}
