package dev.hone.server.text;

import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Turns texts into the inputs of a text model. */
public final class TextEncoder implements AutoCloseable {
  private static final String IDS = "input_ids";
  private static final String MASK = "attention_mask";
  private static final String TYPES = "token_type_ids";
  private static final Set<String> KNOWN = Set.of(IDS, MASK, TYPES);

  private final TextTokenizer tokenizer;
  private final List<TensorMetadata> inputs;
  private final long padId;

  /** Makes an encoder for a model with those inputs, all of which {@link #supports} accepts. */
  public TextEncoder(TextTokenizer tokenizer, List<TensorMetadata> inputs, long padId) {
    this.tokenizer = tokenizer;
    this.inputs = List.copyOf(inputs);
    this.padId = padId;
  }

  /** The first input that no text model has or that has another type than token ids, if any. */
  public static Optional<TensorMetadata> unsupported(List<TensorMetadata> inputs) {
    return inputs.stream().filter(input -> !supports(input)).findFirst();
  }

  private static boolean supports(TensorMetadata input) {
    return KNOWN.contains(input.name())
        && (input.datatype() == Datatype.INT64 || input.datatype() == Datatype.INT32)
        && input.shape().rank() == 2
        && input.shape().dim(1) == Shape.ANY;
  }

  /** The model's inputs for those texts, filled up to the longest of them. */
  public EncodedText encode(List<String> texts) {
    List<TextTokenizer.Tokens> rows = tokenizer.tokenize(texts);
    int length = rows.stream().mapToInt(TextTokenizer.Tokens::length).max().orElse(0);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorMetadata input : inputs) {
      tensors.put(input.name(), tensor(input, rows, length));
    }
    return new EncodedText(tensors, length);
  }

  private NumericTensor tensor(TensorMetadata input, List<TextTokenizer.Tokens> rows, int length) {
    ByteBuffer data = NumericTensor.allocate(input.datatype(), rows.size() * length);
    int index = 0;
    for (TextTokenizer.Tokens row : rows) {
      for (int at = 0; at < length; at++) {
        long value =
            at < row.length() ? value(input.name(), row, at) : padding(input.name(), padId);
        if (input.datatype() == Datatype.INT64) {
          data.putLong(index * 8, value);
        } else {
          data.putInt(index * 4, (int) value);
        }
        index++;
      }
    }
    return new NumericTensor(input.name(), input.datatype(), Shape.of(rows.size(), length), data);
  }

  private static long value(String input, TextTokenizer.Tokens row, int at) {
    return switch (input) {
      case IDS -> row.ids()[at];
      case MASK -> 1;
      default -> row.typeIds()[at];
    };
  }

  /** What fills each of those inputs beyond a row's own length; empty if one is no token ids. */
  public static Map<String, Long> padding(List<TensorMetadata> inputs, long padId) {
    return unsupported(inputs).isPresent()
        ? Map.of()
        : inputs.stream()
            .collect(Collectors.toMap(TensorMetadata::name, input -> padding(input.name(), padId)));
  }

  private static long padding(String input, long padId) {
    return input.equals(IDS) ? padId : 0;
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /**
   * Texts as a model takes them.
   *
   * @param length of the longest
   */
  public record EncodedText(Map<String, Tensor> tensors, int length) {}
}
