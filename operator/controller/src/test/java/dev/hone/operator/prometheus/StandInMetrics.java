package dev.hone.operator.prometheus;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The metrics of one process of a router, as docs/metrics.md has them; a restart is another one.
 */
public final class StandInMetrics implements AutoCloseable {
  private final HttpServer server;
  private final String process = UUID.randomUUID().toString();
  private final String owner;
  private final Supplier<String> revision;
  private volatile Counted counted = new Counted("", "");

  /**
   * What was counted.
   *
   * @param stage what the revision of the stage that it was counted in begins with; in others there
   *     is nothing yet
   * @param text samples with {@code LABELS} in the place of the labels that all have
   */
  private record Counted(String stage, String text) {}

  /**
   * Has a router answer scrapes.
   *
   * @param namespace namespace of the resource
   * @param name its name
   * @param revision the stage that the router is in
   */
  public StandInMetrics(String namespace, String name, Supplier<String> revision) {
    this.owner =
        "inference_namespace=\"%s\",inference_deployment=\"%s\"".formatted(namespace, name);
    this.revision = revision;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/metrics", this::answer);
    server.start();
  }

  /** Where it answers on this machine. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Counts this in a stage, once it is in it. */
  public void count(String stage, String... samples) {
    counted = new Counted(stage, String.join("", samples));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String now = revision.get();
    String text =
        "hone_router_candidate_weight{LABELS} 0.0\n"
            + (now.startsWith(counted.stage()) ? counted.text() : "");
    byte[] body =
        text.replace("LABELS", "%s,process=\"%s\",revision=\"%s\"".formatted(owner, process, now))
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("content-type", "text/plain; version=0.0.4; charset=utf-8");
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** A version that answered in at most two milliseconds whatever it did not fail. */
  public static String version(String name, int requests, int errors) {
    return """
    hone_router_requests_total{LABELS,version="%1$s",} %2$d.0
    hone_router_errors_total{LABELS,version="%1$s",} %3$d.0
    hone_router_request_duration_seconds_bucket{LABELS,version="%1$s",le="0.001",} 0.0
    hone_router_request_duration_seconds_bucket{LABELS,version="%1$s",le="0.002",} %4$d.0
    hone_router_request_duration_seconds_bucket{LABELS,version="%1$s",le="+Inf",} %4$d.0
    """
        .formatted(name, requests, errors, requests - errors);
  }

  /** Comparisons of one output, in all of which the values are close. */
  public static String comparisons(int rows, int sameTop) {
    return """
    hone_router_comparisons_total{LABELS,} %1$d.0
    hone_router_unlike_total{LABELS,} 0.0
    hone_router_nan_total{LABELS,} 0.0
    hone_router_compared_rows_total{LABELS,output="logits",} %1$d.0
    hone_router_same_top_rows_total{LABELS,output="logits",} %2$d.0
    hone_router_max_abs{LABELS,output="logits",} 0.1
    hone_router_max_relative_l2{LABELS,output="logits",} 0.1
    """
        .formatted(rows, sameTop);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
