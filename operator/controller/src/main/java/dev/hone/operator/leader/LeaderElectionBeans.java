package dev.hone.operator.leader;

import dev.hone.operator.config.HoneConfig;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfiguration;
import io.javaoperatorsdk.operator.api.config.LeaderElectionConfigurationBuilder;
import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import org.jspecify.annotations.Nullable;

/** Tells the operator framework how to elect a leader. */
@Dependent
class LeaderElectionBeans {

  /** The framework takes null for "without an election"; only a dependent bean may be null. */
  @Produces
  @Dependent
  @Unremovable
  @Nullable LeaderElectionConfiguration configuration(HoneConfig config, Leadership leadership) {
    var leader = config.leader();
    if (!leader.election()) {
      leadership.started();
      return null;
    }
    return LeaderElectionConfigurationBuilder.aLeaderElectionConfiguration(Leadership.LEASE)
        .withLeaseNamespace(config.operatorNamespace())
        .withIdentity(leadership.name())
        .withLeaseDuration(leader.leaseDuration())
        .withRenewDeadline(leader.renewDeadline())
        .withRetryPeriod(leader.retryPeriod())
        // Built so, the framework does not call System.exit, which never returns while the process
        // is ending.
        .withLeaderCallbacks(new LeaderCallbacks(leadership::started, leadership::ended, _ -> {}))
        .build();
  }
}
