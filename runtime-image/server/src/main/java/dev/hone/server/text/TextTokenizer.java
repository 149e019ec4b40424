package dev.hone.server.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** An artifact's tokenizer.json: texts to token ids, cut to the model's length. */
public final class TextTokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;

  private TextTokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /** Reads a tokenizer that cuts texts to that many tokens, special ones included. */
  public static TextTokenizer load(Path file, int maxLength) throws IOException {
    NativeTokenizer.prepare();
    Map<String, String> options =
        Map.of(
            "truncation",
            "true",
            "maxLength",
            Integer.toString(maxLength),
            // Padding is the batch's affair: the whole batch gets one length.
            "padding",
            "false");
    // By stream: the path variant looks for other files beside this one, which nobody has verified.
    try (var in = Files.newInputStream(file)) {
      return new TextTokenizer(HuggingFaceTokenizer.newInstance(in, options));
    }
  }

  /** The tokens of each text, in order. */
  public List<Tokens> tokenize(List<String> texts) {
    return Arrays.stream(tokenizer.batchEncode(texts)).map(TextTokenizer::tokens).toList();
  }

  private static Tokens tokens(Encoding encoding) {
    return new Tokens(encoding.getIds(), encoding.getTypeIds());
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /** One text's token ids and segment ids; both have the same length. */
  public record Tokens(long[] ids, long[] typeIds) {
    /** The number of tokens. */
    public int length() {
      return ids.length;
    }
  }
}
