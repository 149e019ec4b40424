package dev.hone.server.grpc;

import dev.hone.server.access.ClientNames;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;

/** Where clients' certificates must be for a name, refuses calls with another. */
final class NameInterceptor implements ServerInterceptor {
  private final ClientNames names;

  NameInterceptor(ClientNames names) {
    this.names = names;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (names.admits(call.getAttributes().get(Grpc.TRANSPORT_ATTR_SSL_SESSION))) {
      return next.startCall(call, headers);
    }
    call.close(Status.PERMISSION_DENIED.withDescription(ClientNames.REFUSAL), new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
