package dev.hone.server.serving;

import dev.hone.server.image.ImageEncoder;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Tensor;
import java.util.Map;

/** The input {@code image} of image models: PNG or JPEG files. */
public record ImageInput(ImageEncoder encoder) implements Preprocessor {
  @Override
  public String input() {
    return "image";
  }

  @Override
  public String element() {
    return "one PNG or JPEG file";
  }

  @Override
  public boolean slow() {
    return true;
  }

  @Override
  public Map<String, Tensor> encode(BytesTensor elements) {
    return encoder.encode(elements);
  }
}
