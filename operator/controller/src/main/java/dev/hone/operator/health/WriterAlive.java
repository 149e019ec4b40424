package dev.hone.operator.health;

import dev.hone.operator.progress.ReportEndpoint;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/** Alive while the thread that writes progress is: nothing but a restart brings it back. */
@Liveness
@Singleton
public class WriterAlive implements HealthCheck {
  private final ReportEndpoint endpoint;

  /** Looks at the given endpoint. */
  public WriterAlive(ReportEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("progress writer").status(endpoint.isWriting()).build();
  }
}
