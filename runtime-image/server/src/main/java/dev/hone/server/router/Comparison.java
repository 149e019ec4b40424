package dev.hone.server.router;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How two answers to one request differ.
 *
 * @param outputs the difference of each output
 * @param unlike why they can't be compared, as a sentence
 */
record Comparison(Map<String, Difference> outputs, Optional<String> unlike) {

  /**
   * How an output differs.
   *
   * @param rows rows whose top answer was compared; 0 if the output has no top answer
   * @param sameTop those of them with the same top answer
   * @param maxAbs greatest difference of one value
   * @param relativeL2 norm of the difference divided by the norm of the stable version's values
   * @param nan whether the candidate has a value that is not a number where the stable version has
   *     one
   */
  record Difference(long rows, long sameTop, double maxAbs, double relativeL2, boolean nan) {}

  /** Whether any output of the candidate has a new value that is not a number. */
  boolean nan() {
    return outputs.values().stream().anyMatch(Difference::nan);
  }

  /** Answers that can't be compared. */
  static Comparison unlike(String sentence) {
    return new Comparison(Map.of(), Optional.of(sentence));
  }

  /** Compares two answers by the names of their outputs. */
  static Comparison of(Map<String, Output> stable, Map<String, Output> candidate) {
    Map<String, Difference> differences = new LinkedHashMap<>();
    for (Output wanted : stable.values()) {
      Output found = candidate.get(wanted.name());
      Optional<String> unlike = unlike(wanted, found);
      if (unlike.isPresent() || found == null) {
        return new Comparison(Map.of(), unlike);
      }
      differences.put(wanted.name(), difference(wanted, found));
    }
    return new Comparison(differences, Optional.empty());
  }

  private static Optional<String> unlike(Output wanted, @Nullable Output found) {
    if (found == null) {
      return Optional.of("the candidate's answer has no output " + wanted.name());
    }
    if (!wanted.shape().equals(found.shape())
        || wanted.numbers().length != found.numbers().length
        || wanted.texts().size() != found.texts().size()) {
      return Optional.of(
          "output %s has shape %s, and the candidate's %s"
              .formatted(wanted.name(), wanted.shape(), found.shape()));
    }
    return Optional.empty();
  }

  private static boolean hasNewNan(double[] wanted, double[] found) {
    for (int index = 0; index < wanted.length; index++) {
      if (Double.isNaN(found[index]) && !Double.isNaN(wanted[index])) {
        return true;
      }
    }
    return false;
  }

  private static Difference difference(Output wanted, Output found) {
    if (!wanted.texts().isEmpty()) {
      int same = 0;
      for (int index = 0; index < wanted.texts().size(); index++) {
        same += wanted.texts().get(index).equals(found.texts().get(index)) ? 1 : 0;
      }
      return new Difference(wanted.texts().size(), same, 0, 0, false);
    }
    double greatest = 0;
    double squares = 0;
    double norm = 0;
    for (int index = 0; index < wanted.numbers().length; index++) {
      double reference = wanted.numbers()[index];
      double value = found.numbers()[index];
      // Two infinities of one sign are alike, and so are two that are no number.
      double off = Double.compare(reference, value) == 0 ? 0 : Math.abs(value - reference);
      if (Double.isFinite(reference)) {
        norm += reference * reference;
      }
      greatest = Math.max(greatest, off);
      squares += off * off;
    }
    double relative =
        squares == 0 ? 0 : norm == 0 ? Double.POSITIVE_INFINITY : Math.sqrt(squares / norm);
    int columns = wanted.columns();
    int rows = columns < 2 ? 0 : wanted.numbers().length / columns;
    int same = 0;
    for (int row = 0; row < rows; row++) {
      same += top(wanted.numbers(), row, columns) == top(found.numbers(), row, columns) ? 1 : 0;
    }
    return new Difference(
        rows, same, greatest, relative, hasNewNan(wanted.numbers(), found.numbers()));
  }

  private static int top(double[] values, int row, int columns) {
    int best = 0;
    for (int column = 1; column < columns; column++) {
      if (values[row * columns + column] > values[row * columns + best]) {
        best = column;
      }
    }
    return best;
  }
}
