package dev.hone.operator.resolve;

import dev.hone.api.common.SourceReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds resources that refer to themselves by way of others. */
final class CycleFinder {

  private CycleFinder() {}

  /**
   * The way from a resource back to itself, both ends included; empty if there is none. A cycle
   * further up, which the resource only depends on, is found as well: waiting would never end.
   */
  static Optional<List<SourceReference>> find(
      SourceReference self, List<SourceReference> references, SourceCatalog catalog) {
    Set<SourceReference> done = new HashSet<>();
    Deque<SourceReference> path = new ArrayDeque<>();
    path.addLast(self);
    return follow(references, catalog, path, done);
  }

  private static Optional<List<SourceReference>> follow(
      List<SourceReference> references,
      SourceCatalog catalog,
      Deque<SourceReference> path,
      Set<SourceReference> done) {
    for (SourceReference next : references) {
      if (path.contains(next)) {
        return Optional.of(cycle(path, next));
      }
      if (!done.add(next)) {
        continue;
      }
      Optional<Source> source = catalog.find(next);
      if (source.isEmpty()) {
        continue;
      }
      path.addLast(next);
      Optional<List<SourceReference>> found =
          follow(source.get().references(), catalog, path, done);
      if (found.isPresent()) {
        return found;
      }
      path.removeLast();
    }
    return Optional.empty();
  }

  private static List<SourceReference> cycle(Deque<SourceReference> path, SourceReference start) {
    List<SourceReference> cycle = new ArrayList<>();
    boolean inside = false;
    for (SourceReference step : path) {
      inside = inside || step.equals(start);
      if (inside) {
        cycle.add(step);
      }
    }
    cycle.add(start);
    return cycle;
  }
}
