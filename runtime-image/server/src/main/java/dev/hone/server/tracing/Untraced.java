package dev.hone.server.tracing;

import java.net.URI;
import java.util.Map;

/** Nothing is traced. */
final class Untraced implements Tracing {
  static final Tracing TRACING = new Untraced();
  static final RequestSpan REQUEST = new NoRequest();
  static final AttemptSpan ATTEMPT = new NoAttempt();

  private Untraced() {}

  @Override
  public boolean isOn() {
    return false;
  }

  @Override
  public RequestSpan http(String method, String path, String scheme, Incoming headers) {
    return REQUEST;
  }

  @Override
  public RequestSpan rpc(String service, String method, Incoming headers) {
    return REQUEST;
  }

  @Override
  public void close() {}

  private static final class NoRequest implements RequestSpan {
    @Override
    public boolean isRecording() {
      return false;
    }

    @Override
    public void model(String name, String version) {}

    @Override
    public void rows(int rows) {}

    @Override
    public void decoded(long since, long until) {}

    @Override
    public void waited(long since, long until) {}

    @Override
    public void computed(Run run) {}

    @Override
    public void encoded(long since, long until) {}

    @Override
    public void version(String version) {}

    @Override
    public void failure(String sentence) {}

    @Override
    public AttemptSpan attempt(URI address, String version, int number) {
      return ATTEMPT;
    }

    @Override
    public AttemptSpan copy(URI address, String version) {
      return ATTEMPT;
    }

    @Override
    public void end(int status) {}

    @Override
    public void gone() {}
  }

  private static final class NoAttempt implements AttemptSpan {
    @Override
    public Map<String, String> headers() {
      return Map.of();
    }

    @Override
    public void answered(int status) {}

    @Override
    public void failed(Throwable failure) {}
  }
}
