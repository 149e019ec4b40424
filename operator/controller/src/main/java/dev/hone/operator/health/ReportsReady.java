package dev.hone.operator.health;

import dev.hone.operator.progress.ReportEndpoint;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;

/** Ready to take reports; whether this replica leads does not matter. */
@Startup
@Readiness
@Singleton
public class ReportsReady implements HealthCheck {
  private final ReportEndpoint endpoint;

  /** Looks at the given endpoint. */
  public ReportsReady(ReportEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("report endpoint").status(endpoint.isReady()).build();
  }
}
