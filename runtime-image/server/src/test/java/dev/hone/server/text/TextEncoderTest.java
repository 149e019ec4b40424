package dev.hone.server.text;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.testing.Models;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TextEncoderTest {
  private static final Path TOKENIZER = Models.REPOSITORY.resolve("spam/1/tokenizer.json");
  private static final Shape FREE = Shape.of(-1, -1);

  private static TextEncoder encoder(int maxLength) throws Exception {
    return new TextEncoder(
        TextTokenizer.load(TOKENIZER, maxLength),
        List.of(
            new TensorMetadata("input_ids", Datatype.INT64, FREE),
            new TensorMetadata("attention_mask", Datatype.INT32, FREE)),
        1);
  }

  private static List<Long> values(TextEncoder.EncodedText encoded, String input) {
    NumericTensor tensor = (NumericTensor) requireNonNull(encoded.tensors().get(input));
    List<Long> values = new ArrayList<>();
    for (int index = 0; index < tensor.elements(); index++) {
      values.add(tensor.integer(index));
    }
    return values;
  }

  @Test
  void padsToTheLongestWhateverTheTokenizerFileSays() throws Exception {
    try (TextEncoder encoder = encoder(24)) {
      TextEncoder.EncodedText encoded = encoder.encode(List.of("w0", "W1 odd w2"));

      assertThat(values(encoded, "input_ids"))
          .containsExactly(2L, 4L, 3L, 1L, 1L, 2L, 5L, 0L, 6L, 3L);
      assertThat(values(encoded, "attention_mask"))
          .containsExactly(1L, 1L, 1L, 0L, 0L, 1L, 1L, 1L, 1L, 1L);
    }
  }

  @Test
  void cutsToTheModelsLengthAndKeepsTheLastSpecialToken() throws Exception {
    try (TextEncoder encoder = encoder(4)) {
      TextEncoder.EncodedText encoded = encoder.encode(List.of("w0 w1 w2 w3 w4"));

      assertThat(values(encoded, "input_ids")).containsExactly(2L, 4L, 5L, 3L);
    }
  }

  @Test
  void takesAnyText() throws Exception {
    try (TextEncoder encoder = encoder(24)) {
      TextEncoder.EncodedText encoded =
          encoder.encode(List.of("", "\0", "𝄞 ü\n", " w0 ".repeat(100_000)));

      assertThat(requireNonNull(encoded.tensors().get("input_ids")).shape())
          .isEqualTo(Shape.of(4, 24));
    }
  }

  @Test
  void findsThePaddingId() throws Exception {
    PadToken pad = new PadToken(new ObjectMapper());
    assertThat(pad.find(TOKENIZER, Optional.empty())).isEqualTo(1);
    assertThat(pad.find(TOKENIZER, Optional.of(TOKENIZER.resolveSibling("config.json"))))
        .isEqualTo(1);
  }

  @Test
  void namesTheInputThatIsNoTokenIds() {
    TensorMetadata pixels = new TensorMetadata("pixels", Datatype.FP32, FREE);
    assertThat(TextEncoder.unsupported(List.of(pixels))).contains(pixels);
  }
}
