package dev.hone.server.grpc;

import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.serving.ModelRegistry;
import dev.hone.server.serving.ServedModel;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tells gRPC's health service what the registry says: under the empty name and the service's own
 * whether the server is ready, under each model's name whether that is served.
 */
final class GrpcHealth {
  private final ModelRegistry registry;
  private final HealthStatusManager health;
  private final Set<String> known = new HashSet<>();

  GrpcHealth(ModelRegistry registry, HealthStatusManager health) {
    this.registry = registry;
    this.health = health;
  }

  /** Tells the state of now and every later one. */
  void follow() {
    registry.onChange(this::tell);
    tell();
  }

  private synchronized void tell() {
    ServingStatus server = status(registry.ready());
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, server);
    health.setStatus(GRPCInferenceServiceGrpc.SERVICE_NAME, server);
    Set<String> models = registry.all().stream().map(ServedModel::name).collect(Collectors.toSet());
    known.stream()
        .filter(name -> !models.contains(name))
        .forEach(name -> health.setStatus(name, ServingStatus.NOT_SERVING));
    models.forEach(name -> health.setStatus(name, server));
    known.addAll(models);
  }

  private static ServingStatus status(boolean ready) {
    return ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }
}
