package dev.hone.server.router;

import java.util.List;

/**
 * An output of an answer.
 *
 * @param name its name
 * @param shape its shape
 * @param numbers its values, if they are numbers
 * @param texts its values, if they are texts
 */
record Output(String name, List<Long> shape, double[] numbers, List<String> texts) {

  /** Values in a row: the last axis, if there is more than one. */
  int columns() {
    return shape.size() < 2 ? 1 : Math.toIntExact(shape.getLast());
  }
}
