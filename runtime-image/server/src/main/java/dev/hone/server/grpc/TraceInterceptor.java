package dev.hone.server.grpc;

import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.tracing.RequestSpan;
import dev.hone.server.tracing.Tracing;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.function.BooleanSupplier;

/** Begins the span of an inference before its message is read, and ends it with its status. */
final class TraceInterceptor implements ServerInterceptor {
  /** The span of the call that a thread is at work on. */
  static final Context.Key<RequestSpan> SPAN =
      Context.keyWithDefault("hone-trace", RequestSpan.NONE);

  private static final MethodDescriptor<?, ?> INFER =
      GRPCInferenceServiceGrpc.getModelInferMethod();
  private static final String SERVICE = GRPCInferenceServiceGrpc.SERVICE_NAME;
  private static final String METHOD = INFER.getFullMethodName().substring(SERVICE.length() + 1);

  private final Tracing tracing;
  private final BooleanSupplier warm;

  /**
   * Traces by that.
   *
   * @param warm false while the server still calls itself
   */
  TraceInterceptor(Tracing tracing, BooleanSupplier warm) {
    this.tracing = tracing;
    this.warm = warm;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!INFER.getFullMethodName().equals(call.getMethodDescriptor().getFullMethodName())
        || !warm.getAsBoolean()) {
      return next.startCall(call, headers);
    }
    RequestSpan span =
        tracing.rpc(
            SERVICE,
            METHOD,
            name -> headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER)));
    return new SimpleForwardingServerCallListener<>(
        Contexts.interceptCall(
            Context.current().withValue(SPAN, span), new Traced<>(call, span), headers, next)) {
      @Override
      public void onCancel() {
        span.end(Status.Code.CANCELLED.value());
        super.onCancel();
      }
    };
  }

  private static final class Traced<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final RequestSpan span;

    Traced(ServerCall<Q, A> call, RequestSpan span) {
      super(call);
      this.span = span;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      String sentence = status.getDescription();
      if (sentence != null) {
        span.failure(sentence);
      }
      // First: once the last call is closed the last traces are sent.
      span.end(status.getCode().value());
      super.close(status, trailers);
    }
  }
}
