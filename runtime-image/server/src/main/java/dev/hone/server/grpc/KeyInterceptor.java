package dev.hone.server.grpc;

import dev.hone.server.access.ApiKeys;
import dev.hone.server.access.HealthQuestions;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Where clients need a key, refuses calls without one; health probes need none. */
final class KeyInterceptor implements ServerInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final ApiKeys keys;

  KeyInterceptor(ApiKeys keys) {
    this.keys = keys;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (HealthQuestions.isCall(call.getMethodDescriptor().getFullMethodName())
        || keys.admits(headers.get(AUTHORIZATION))) {
      return next.startCall(call, headers);
    }
    call.close(Status.UNAUTHENTICATED.withDescription(ApiKeys.REFUSAL), new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
