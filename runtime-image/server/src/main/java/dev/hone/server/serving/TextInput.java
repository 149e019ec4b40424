package dev.hone.server.serving;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.text.TextEncoder;
import java.util.Map;

/** The input {@code text} of text models. */
public record TextInput(TextEncoder encoder) implements Preprocessor {
  @Override
  public String input() {
    return "text";
  }

  @Override
  public String element() {
    return "one text";
  }

  @Override
  public boolean slow() {
    return false;
  }

  @Override
  public Map<String, Tensor> encode(BytesTensor elements) {
    return encoder.encode(elements.texts()).tensors();
  }

  @Override
  public void close() {
    encoder.close();
  }
}
