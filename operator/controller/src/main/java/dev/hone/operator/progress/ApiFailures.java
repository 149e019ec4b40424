package dev.hone.operator.progress;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import org.jboss.logging.Logger;

/** Tells an API server that cannot answer now from one that has answered no. */
public final class ApiFailures {
  private static final Logger LOG = Logger.getLogger(ApiFailures.class);
  private static final int TOO_MANY_REQUESTS = 429;

  private ApiFailures() {}

  /** Whether the same call may succeed later. */
  public static boolean isTemporary(KubernetesClientException e) {
    return e.getCode() == 0
        || e.getCode() >= HttpURLConnection.HTTP_INTERNAL_ERROR
        || e.getCode() == TOO_MANY_REQUESTS
        // Somebody else was faster.
        || e.getCode() == HttpURLConnection.HTTP_CONFLICT
        // A cluster whose webhook or aggregator is down, or whose certificates just rotated.
        || e.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED
        // Rights are given by people, who may be about to do so.
        || e.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
  }

  /** The answer to a report that met such a failure: always "come back", for nothing is wrong. */
  public static ReportRefusedException refusal(KubernetesClientException e) {
    LOG.warnf("A report has to wait for the API server: %s", e.getMessage());
    return new ReportRefusedException(
        Refusal.API_SERVER_UNREACHABLE,
        "The operator cannot use the Kubernetes API now; send the report again.");
  }
}
