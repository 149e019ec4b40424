package dev.hone.server.serving;

import dev.hone.server.protocol.BytesTensor;
import dev.hone.server.protocol.Datatype;
import dev.hone.server.protocol.NumericTensor;
import dev.hone.server.protocol.ProtocolException;
import dev.hone.server.protocol.Shape;
import dev.hone.server.protocol.Tensor;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** From logits to what a person wants to know. */
final class Classification {
  private Classification() {}

  /** The best label of each row. */
  static BytesTensor labels(String name, NumericTensor logits, List<String> labels) {
    requireOnePerLabel(logits, labels);
    List<String> best = new ArrayList<>();
    for (double[] row : rows(logits)) {
      best.add(labels.get(argmax(row)));
    }
    return BytesTensor.ofTexts(name, Shape.of(best.size()), best);
  }

  /** The softmax probability of each row's best label. */
  static NumericTensor scores(String name, NumericTensor logits) {
    List<double[]> rows = rows(logits);
    float[] scores = new float[rows.size()];
    for (int row = 0; row < scores.length; row++) {
      scores[row] = (float) probability(rows.get(row));
    }
    return NumericTensor.ofFloats(name, Shape.of(scores.length), scores);
  }

  /** The classification extension: the largest values as "value:index" or "value:index:label". */
  static BytesTensor top(Tensor output, int classes, List<String> labels) {
    if (!(output instanceof NumericTensor numeric)
        || numeric.datatype().kind() != Datatype.Kind.FLOAT
        || numeric.shape().rank() != 2) {
      throw ProtocolException.badRequest(
          "output '%s' has datatype %s and shape %s, so it has no classes: leave out parameters.classification"
              .formatted(output.name(), output.datatype(), output.shape()));
    }
    List<double[]> rows = rows(numeric);
    int width = Math.min(classes, Math.toIntExact(numeric.shape().dim(1)));
    boolean named = labels.size() == numeric.shape().dim(1);
    List<String> values = new ArrayList<>();
    for (double[] row : rows) {
      IntStream.range(0, row.length)
          .boxed()
          .sorted(Comparator.comparingDouble((Integer index) -> -row[index]))
          .limit(width)
          .map(index -> (float) row[index] + ":" + index + (named ? ":" + labels.get(index) : ""))
          .forEach(values::add);
    }
    return BytesTensor.ofTexts(output.name(), Shape.of(rows.size(), width), values);
  }

  private static void requireOnePerLabel(NumericTensor logits, List<String> labels) {
    if (logits.shape().rank() != 2 || logits.shape().dim(1) != labels.size()) {
      throw ProtocolException.internal(
          "the model gives '%s' with shape %s, but its manifest names %d labels"
              .formatted(logits.name(), logits.shape(), labels.size()));
    }
  }

  private static List<double[]> rows(NumericTensor logits) {
    int width = Math.toIntExact(logits.shape().dim(1));
    List<double[]> rows = new ArrayList<>();
    for (int start = 0; start < logits.elements(); start += width) {
      double[] row = new double[width];
      for (int index = 0; index < width; index++) {
        row[index] = logits.floating(start + index);
      }
      rows.add(row);
    }
    return rows;
  }

  private static int argmax(double[] row) {
    int best = 0;
    for (int index = 1; index < row.length; index++) {
      if (row[index] > row[best]) {
        best = index;
      }
    }
    return best;
  }

  private static double probability(double[] row) {
    double largest = row[argmax(row)];
    double sum = 0;
    for (double value : row) {
      sum += Math.exp(value - largest);
    }
    return 1 / sum;
  }
}
