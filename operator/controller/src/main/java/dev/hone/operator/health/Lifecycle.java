package dev.hone.operator.health;

import dev.hone.operator.leader.Leadership;
import dev.hone.operator.progress.ReportEndpoint;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/**
 * The order in which the operator starts and stops. The operator framework's own observers have the
 * priority 3123 at the start and 2500 at the stop; these stand around them.
 */
@Singleton
public class Lifecycle {
  private static final int BEFORE_THE_FRAMEWORK = 1000;
  private static final int AFTER_THE_FRAMEWORK = 3000;

  private final ReportEndpoint endpoint;
  private final Leadership leadership;

  /** Starts and stops the given parts. */
  public Lifecycle(ReportEndpoint endpoint, Leadership leadership) {
    this.endpoint = endpoint;
    this.leadership = leadership;
  }

  /** Pods of an earlier leader may be reporting already. */
  void start(@Observes @Priority(BEFORE_THE_FRAMEWORK) StartupEvent event) {
    endpoint.start();
  }

  /** Not ready any more: traffic goes to other replicas while the reconcilers finish. */
  void stopTaking(@Observes @Priority(BEFORE_THE_FRAMEWORK) ShutdownEvent event) {
    leadership.expectEnd();
    endpoint.stopTaking();
  }

  /** The reconcilers are done, so another replica may lead; then the last reports are finished. */
  void stop(@Observes @Priority(AFTER_THE_FRAMEWORK) ShutdownEvent event) {
    leadership.release();
    endpoint.stop();
  }
}
