package dev.hone.server.access;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What everybody is told, with a key or without: whether the server is well. */
public final class HealthQuestions {
  private static final String REST = "/v2/health/";
  private static final String GRPC_SERVICE = "grpc.health.v1.Health/";
  private static final Set<String> CALLS =
      Set.of(
          "inference.GRPCInferenceService/ServerLive",
          "inference.GRPCInferenceService/ServerReady");

  private HealthQuestions() {}

  /** Whether a request to that path is one. */
  public static boolean isPath(@Nullable String path) {
    return path != null && path.startsWith(REST);
  }

  /**
   * Whether a call of gRPC is one.
   *
   * @param method its full name, such as {@code grpc.health.v1.Health/Check}
   */
  public static boolean isCall(String method) {
    return method.startsWith(GRPC_SERVICE) || CALLS.contains(method);
  }
}
