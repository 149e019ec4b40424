package dev.hone.server.tracing;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.ContextKey;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingDecision;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Has the trace of a repeated request sampled where that of the request itself is, and marks it in
 * its tracestate, so that the spans of the pod that answers are told from those of clients.
 */
final class CopySampler implements Sampler {
  /** Of a context under which requests are repeated. */
  static final ContextKey<Boolean> IS_COPY = ContextKey.named("hone-copy");

  private static final String KEY = "hone";
  private static final String COPY = "shadow";

  private final Sampler others;

  /** Leaves all other traces to that sampler. */
  CopySampler(Sampler others) {
    this.others = others;
  }

  /** Whether that tracestate is one of a repeated request. */
  static boolean marks(TraceState state) {
    return COPY.equals(state.get(KEY));
  }

  @Override
  public SamplingResult shouldSample(
      Context parent,
      String traceId,
      String name,
      SpanKind kind,
      Attributes attributes,
      List<LinkData> links) {
    return parent.get(IS_COPY) == null
        ? others.shouldSample(parent, traceId, name, kind, attributes, links)
        : Copied.RESULT;
  }

  @Override
  public String getDescription() {
    return others.getDescription();
  }

  @Override
  public String toString() {
    return getDescription();
  }

  private enum Copied implements SamplingResult {
    RESULT;

    @Override
    public SamplingDecision getDecision() {
      return SamplingDecision.RECORD_AND_SAMPLE;
    }

    @Override
    public Attributes getAttributes() {
      return Attributes.empty();
    }

    @Override
    public TraceState getUpdatedTraceState(@Nullable TraceState parent) {
      return TraceState.builder().put(KEY, COPY).build();
    }
  }
}
