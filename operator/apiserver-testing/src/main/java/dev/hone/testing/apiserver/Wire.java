package dev.hone.testing.apiserver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.BooleanSupplier;

/**
 * A wire to the API server that a test can make slow or cut: a TCP proxy on a port of its own, so
 * that TLS goes through it untouched. It starts whole.
 */
public final class Wire implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int BUFFER = 16 * 1024;

  private enum State {
    WHOLE,
    HELD,
    CUT
  }

  private final URI target;
  private final ServerSocket listener;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private State state = State.WHOLE;
  private int held;
  private int refused;

  /** Opens a wire to the given API server. */
  public Wire(ApiServer server) throws IOException {
    this.target = URI.create(server.url());
    this.listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  /** The address of the API server at this end of the wire. */
  public String url() {
    return "https://127.0.0.1:" + listener.getLocalPort();
  }

  /** From now on nothing gets to the API server, but no connection is lost either. */
  public synchronized void hold() {
    state = State.HELD;
    held = 0;
  }

  /** Waits until something is held back. */
  public void awaitHeld() throws InterruptedException {
    await(() -> held > 0, "nothing was sent to the API server");
  }

  /** Ends all connections and takes no new ones. */
  public synchronized void cut() {
    state = State.CUT;
    refused = 0;
    notifyAll();
    sockets.forEach(Wire::close);
  }

  /** Waits until somebody has tried to connect over the cut wire. */
  public void awaitRefused() throws InterruptedException {
    await(() -> refused > 0, "nobody tried to reach the API server");
  }

  /** Lets everything through again, first of all what was held back. */
  public synchronized void mend() {
    state = State.WHOLE;
    notifyAll();
  }

  private synchronized void await(BooleanSupplier condition, String otherwise)
      throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      long left = Duration.ofNanos(end - System.nanoTime()).toMillis();
      if (left <= 0) {
        throw new AssertionError(otherwise);
      }
      wait(left);
    }
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        connect(listener.accept());
      } catch (IOException e) {
        if (!listener.isClosed()) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private synchronized void connect(Socket client) throws IOException {
    if (state == State.CUT) {
      refused++;
      notifyAll();
      close(client);
      return;
    }
    Socket server = new Socket(target.getHost(), target.getPort());
    sockets.add(client);
    sockets.add(server);
    threads.execute(() -> pump(client, server, true));
    threads.execute(() -> pump(server, client, false));
  }

  private void pump(Socket from, Socket to, boolean request) {
    byte[] buffer = new byte[BUFFER];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        if (request) {
          passWhenWhole();
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException e) {
      // One of the ends is gone, and so the other one goes as well.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(from);
      close(to);
      sockets.remove(from);
      sockets.remove(to);
    }
  }

  private synchronized void passWhenWhole() throws InterruptedException {
    while (state == State.HELD) {
      held++;
      notifyAll();
      wait();
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
    threads.shutdownNow();
  }
}
