package dev.hone.server.router;

import java.util.ArrayList;
import java.util.List;

/** What a test has started; the newest is closed first. */
final class Running implements AutoCloseable {
  private final List<AutoCloseable> all = new ArrayList<>();

  <T extends AutoCloseable> T add(T started) {
    all.add(started);
    return started;
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable each : all.reversed()) {
      each.close();
    }
  }
}
