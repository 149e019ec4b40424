package dev.hone.server.router;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The configuration in force, and what was counted under it. */
final class ActiveRouting {

  /** A configuration and its statistics. */
  record State(Routing routing, Statistics statistics) {}

  private final AtomicReference<@Nullable State> state = new AtomicReference<>();
  private volatile boolean draining;

  /** Puts a configuration in force; the statistics go on if its revision is that of the last. */
  void put(Routing routing) {
    state.updateAndGet(
        before ->
            before != null && before.routing().revision().equals(routing.revision())
                ? new State(routing, before.statistics())
                : new State(routing, new Statistics(routing.untimedCopies())));
  }

  Optional<State> get() {
    return Optional.ofNullable(state.get());
  }

  /** Makes the router leave: it answers on, and tells its clients to open other connections. */
  void drain() {
    draining = true;
  }

  boolean draining() {
    return draining;
  }

  boolean ready() {
    return !draining && state.get() != null;
  }
}
