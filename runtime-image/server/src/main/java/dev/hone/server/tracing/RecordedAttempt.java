package dev.hone.server.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import java.util.Map;

/** The span of one try. */
final class RecordedAttempt implements AttemptSpan {
  private final Protocol protocol;
  private final Span span;
  private final Map<String, String> headers;

  /**
   * A try that has begun.
   *
   * @param context what it is part of
   */
  RecordedAttempt(OpenTelemetryTracing tracing, Protocol protocol, Context context, Span span) {
    this.protocol = protocol;
    this.span = span;
    this.headers = tracing.outgoing(span.storeInContext(context));
  }

  @Override
  public Map<String, String> headers() {
    return headers;
  }

  @Override
  public void answered(int status) {
    span.setAttribute(protocol.status(), (long) status);
    if (protocol.isError(status)) {
      span.setAttribute(RecordedRequest.ERROR, Integer.toString(status))
          .setStatus(StatusCode.ERROR);
    }
    span.end();
  }

  @Override
  public void failed(Throwable failure) {
    span.setAttribute(RecordedRequest.ERROR, failure.getClass().getName())
        .setStatus(StatusCode.ERROR, String.valueOf(failure.getMessage()))
        .end();
  }
}
