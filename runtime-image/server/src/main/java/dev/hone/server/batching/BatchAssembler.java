package dev.hone.server.batching;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Joins the inputs of several requests along axis 0, and parts the outputs again. */
final class BatchAssembler {
  private BatchAssembler() {}

  /**
   * One tensor for each input; shorter padded ones are filled up to the longest, or to the length
   * that is asked for.
   */
  static Map<String, Tensor> join(List<BatchRequest> requests) {
    BatchRequest first = requests.getFirst();
    if (requests.size() == 1 && first.length() == 0) {
      return first.inputs();
    }
    int length = requests.stream().mapToInt(BatchRequest::length).max().orElse(0);
    Map<String, Tensor> joined = new LinkedHashMap<>();
    for (String name : first.inputs().keySet()) {
      List<Tensor> parts = requests.stream().map(request -> input(request, name)).toList();
      joined.put(name, join(name, parts, length, first.padding().getOrDefault(name, 0L)));
    }
    return joined;
  }

  private static Tensor input(BatchRequest request, String name) {
    Tensor tensor = request.inputs().get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("a request of the batch lacks input " + name);
    }
    return tensor;
  }

  private static Tensor join(String name, List<Tensor> parts, int length, long padding) {
    long rows = parts.stream().mapToLong(part -> part.shape().dim(0)).sum();
    return switch (parts.getFirst()) {
      case BytesTensor first -> {
        List<byte[]> values = new ArrayList<>();
        parts.forEach(part -> values.addAll(((BytesTensor) part).values()));
        yield new BytesTensor(name, first.shape().with(0, rows), values);
      }
      case NumericTensor first -> {
        Shape shape = first.shape().with(0, rows);
        if (shape.rank() > 1) {
          long longest = parts.stream().mapToLong(part -> part.shape().dim(1)).max().orElse(0);
          shape = shape.with(1, Math.max(longest, length));
        }
        yield joinNumbers(name, shape, parts, padding);
      }
    };
  }

  private static NumericTensor joinNumbers(
      String name, Shape shape, List<Tensor> parts, long padding) {
    NumericTensor first = (NumericTensor) parts.getFirst();
    ByteBuffer data = NumericTensor.allocate(first.datatype(), shape.elements());
    int rowBytes = shape.elementsPerRow() * first.datatype().width();
    int at = 0;
    for (Tensor tensor : parts) {
      NumericTensor part = (NumericTensor) tensor;
      int partRowBytes = part.shape().elementsPerRow() * part.datatype().width();
      int rows = Math.toIntExact(part.shape().dim(0));
      if (partRowBytes == rowBytes) {
        data.put(at, part.data(), 0, part.data().limit());
        at += rows * rowBytes;
        continue;
      }
      for (int row = 0; row < rows; row++) {
        data.put(at, part.data(), row * partRowBytes, partRowBytes);
        fill(data, at + partRowBytes, at + rowBytes, part.datatype().width(), padding);
        at += rowBytes;
      }
    }
    return new NumericTensor(name, first.datatype(), shape, data);
  }

  private static void fill(ByteBuffer data, int from, int to, int width, long value) {
    if (value == 0) {
      return;
    }
    for (int at = from; at < to; at += width) {
      switch (width) {
        case 4 -> data.putInt(at, Math.toIntExact(value));
        case 8 -> data.putLong(at, value);
        default -> throw new IllegalArgumentException("token ids are 32 or 64 bits wide");
      }
    }
  }

  /**
   * The rows of one request in the outputs of its batch.
   *
   * @param start its first row
   * @param rows how many rows are its own
   */
  static Tensor part(Tensor output, int start, int rows) {
    Shape shape = output.shape().with(0, rows);
    int perRow = output.shape().elementsPerRow();
    return switch (output) {
      case BytesTensor bytes ->
          new BytesTensor(
              bytes.name(), shape, bytes.values().subList(start * perRow, (start + rows) * perRow));
      case NumericTensor numeric -> {
        int rowBytes = perRow * numeric.datatype().width();
        yield new NumericTensor(
            numeric.name(),
            numeric.datatype(),
            shape,
            numeric.data().slice(start * rowBytes, rows * rowBytes).order(numeric.data().order()));
      }
    };
  }

  /** Cuts axis 1 back to the length that the request had before it was padded. */
  static Tensor trim(Tensor output, long length) {
    if (!(output instanceof NumericTensor numeric)
        || numeric.shape().rank() < 2
        || numeric.shape().dim(1) <= length) {
      return output;
    }
    Shape shape = numeric.shape().with(1, length);
    int width = numeric.datatype().width();
    int longRow = numeric.shape().elementsPerRow() * width;
    int shortRow = shape.elementsPerRow() * width;
    ByteBuffer data = NumericTensor.allocate(numeric.datatype(), shape.elements());
    for (int row = 0; row < shape.dim(0); row++) {
      data.put(row * shortRow, numeric.data(), row * longRow, shortRow);
    }
    return new NumericTensor(numeric.name(), numeric.datatype(), shape, data);
  }
}
