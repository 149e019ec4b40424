package dev.hone.testing.apiserver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for programs that must be told one. */
public final class FreePort {

  /**
   * Below those that Linux gives to outgoing connections and to servers that leave the choice to it
   * (ip_local_port_range): one of these may take a port that is free now before its program does.
   */
  private static final int FIRST = 15_000;

  private static final int END = 30_000;

  private static final int ATTEMPTS = 100;

  private FreePort() {}

  /** A port that nothing listens on, chosen at random. */
  public static int next() {
    for (int attempt = 1; ; attempt++) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(port));
        return port;
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          throw new UncheckedIOException("none of %d ports is free".formatted(ATTEMPTS), e);
        }
      }
    }
  }
}
