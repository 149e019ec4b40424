package dev.hone.server.lifecycle;

import dev.hone.server.inference.Deadline;
import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.InferenceRequest;
import dev.hone.server.protocol.InferenceResponse;
import dev.hone.server.protocol.JsonWriter;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import dev.hone.server.protocol.TensorMetadata;
import dev.hone.server.serving.ImageInput;
import dev.hone.server.serving.Preprocessor;
import dev.hone.server.serving.ServedModel;
import dev.hone.server.serving.TextInput;
import dev.hone.server.tracing.RequestSpan;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.jboss.logging.Logger;

/**
 * Runs real inferences before a model is called ready, so that the first user does not pay for
 * allocation, library loading and interpretation.
 */
final class WarmUp {
  private static final Logger LOG = Logger.getLogger(WarmUp.class);
  private static final int ROUNDS = 10;
  private static final int LONG = 100;
  private static final String TEXT =
      "A text of common length, so that the first real one finds everything in place. ";

  private final JsonWriter writer = new JsonWriter();

  /**
   * Warms a model up, in each size and each given length that its runs will have.
   *
   * @param lengths the lengths that its inputs are filled up to
   * @throws ProtocolException if the model fails although every dimension of its inputs is known
   */
  void run(ServedModel model, int maxRows, List<Integer> lengths) {
    boolean guessed = model.preprocessor().isEmpty() && hasFreeAxis(model);
    long started = System.nanoTime();
    List<byte[]> samples = model.preprocessor().map(WarmUp::samples).orElse(List.of());
    model.pauseStatistics();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        infer(model, inputs(model, samples, 1, round));
      }
      if (model.signature().batchable()) {
        for (int rows = 2; rows < maxRows; rows *= 2) {
          infer(model, inputs(model, samples, rows, 0));
        }
        infer(model, inputs(model, samples, maxRows, 0));
      }
      for (int length : lengths) {
        infer(model, tensors(model, 1, length));
        infer(model, tensors(model, model.signature().batchable() ? maxRows : 1, length));
      }
      if (model.preprocessor().orElse(null) instanceof TextInput) {
        // The longest row that it takes makes it allocate what it will ever need for one.
        byte[] row = TEXT.repeat(LONG).getBytes(StandardCharsets.UTF_8);
        infer(model, inputs(model, List.of(row), 1, 0));
      }
    } catch (ProtocolException e) {
      if (!guessed) {
        throw e;
      }
      // Its free axes may have sizes that only its users know.
      LOG.warnf("model '%s' could not be warmed up: %s", model.name(), e.sentence());
    } finally {
      model.resumeStatistics();
    }
    LOG.infof(
        "model '%s' version %s is warm after %d ms",
        model.name(), model.version(), (System.nanoTime() - started) / 1_000_000);
  }

  private static List<byte[]> samples(Preprocessor preprocessor) {
    return switch (preprocessor) {
      case TextInput _ -> List.of(TEXT.getBytes(StandardCharsets.UTF_8));
      case ImageInput image -> image.encoder().samples();
    };
  }

  /**
   * A request of so many rows, or of as many as the model takes always.
   *
   * @param first the sample that it begins with
   */
  private static List<Tensor> inputs(ServedModel model, List<byte[]> samples, int rows, int first) {
    if (model.preprocessor().isEmpty()) {
      return tensors(model, model.signature().batchable() ? rows : 1, 1);
    }
    long fixed = model.signature().inputs().getFirst().shape().dim(0);
    int count = fixed == Shape.ANY ? rows : Math.toIntExact(fixed);
    List<byte[]> elements =
        IntStream.range(first, first + count)
            .mapToObj(index -> samples.get(index % samples.size()))
            .toList();
    String name = model.preprocessor().get().input();
    return List.of(new BytesTensor(name, Shape.of(count), elements));
  }

  private static List<Tensor> tensors(ServedModel model, int rows, int length) {
    return model.signature().inputs().stream().map(input -> ones(input, rows, length)).toList();
  }

  private void infer(ServedModel model, List<Tensor> inputs) {
    try {
      InferenceResponse response =
          model.infer(InferenceRequest.of(inputs), Deadline.NONE, RequestSpan.NONE).join();
      writer.response(response, output -> binaryOnly(model, output));
    } catch (CompletionException e) {
      if (e.getCause() instanceof ProtocolException known) {
        throw known;
      }
      throw e;
    } catch (CancellationException e) {
      throw ProtocolException.unavailable("the server leaves before its models are warm");
    }
  }

  private static boolean binaryOnly(ServedModel model, String output) {
    return model.signature().output(output).stream()
        .anyMatch(metadata -> metadata.datatype() == Datatype.BF16);
  }

  private static boolean hasFreeAxis(ServedModel model) {
    int from = model.signature().batchable() ? 1 : 0;
    return model.signature().inputs().stream()
        .anyMatch(
            input -> {
              for (int axis = from; axis < input.shape().rank(); axis++) {
                if (input.shape().dim(axis) == Shape.ANY) {
                  return true;
                }
              }
              return false;
            });
  }

  /** Ones, not zeros: a zero attention mask or divisor is a case of its own. */
  private static Tensor ones(TensorMetadata input, int rows, int length) {
    Shape shape = input.shape();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis) == Shape.ANY) {
        shape = shape.with(axis, axis == 0 ? rows : axis == 1 ? length : 1);
      }
    }
    int elements = shape.elements();
    if (input.datatype() == Datatype.BYTES) {
      return BytesTensor.ofTexts(input.name(), shape, Collections.nCopies(elements, "1"));
    }
    ByteBuffer data = NumericTensor.allocate(input.datatype(), elements);
    for (int index = 0; index < elements; index++) {
      switch (input.datatype()) {
        case FP16 -> data.putShort(index * 2, Float.floatToFloat16(1));
        case BF16 -> data.putShort(index * 2, (short) (Float.floatToIntBits(1) >>> 16));
        case FP32 -> data.putFloat(index * 4, 1);
        case FP64 -> data.putDouble(index * 8, 1);
        case INT64, UINT64 -> data.putLong(index * 8, 1);
        case INT32, UINT32 -> data.putInt(index * 4, 1);
        case INT16, UINT16 -> data.putShort(index * 2, (short) 1);
        case INT8, UINT8, BOOL -> data.put(index, (byte) 1);
        case BYTES -> throw new IllegalStateException("handled above");
      }
    }
    return new NumericTensor(input.name(), input.datatype(), shape, data);
  }
}
