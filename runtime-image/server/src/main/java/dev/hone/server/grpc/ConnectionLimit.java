package dev.hone.server.grpc;

import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.health.v1.HealthGrpc;
import java.util.concurrent.atomic.AtomicInteger;

/** Refuses the calls of connections that are too many, except those of health probes. */
final class ConnectionLimit extends ServerTransportFilter implements ServerInterceptor {
  private static final Attributes.Key<Boolean> TOO_MANY =
      Attributes.Key.create("dev.hone.server.too-many");

  private final int limit;
  private final AtomicInteger open = new AtomicInteger();

  /** Takes the calls of that many connections at a time. */
  ConnectionLimit(int limit) {
    this.limit = limit;
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    return open.incrementAndGet() > limit
        ? attributes.toBuilder().set(TOO_MANY, true).build()
        : attributes;
  }

  @Override
  public void transportTerminated(Attributes attributes) {
    open.decrementAndGet();
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    int now = open.get();
    // A connection that was too much is welcome once others have gone.
    if (call.getAttributes().get(TOO_MANY) == null
        || now <= limit
        || HealthGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    call.close(
        Status.RESOURCE_EXHAUSTED.withDescription(
            "%d connections are open and %d are allowed: use one for many calls, send to another replica, or raise HONE_MAX_CONNECTIONS"
                .formatted(now, limit)),
        new Metadata());
    return new ServerCall.Listener<>() {};
  }
}
