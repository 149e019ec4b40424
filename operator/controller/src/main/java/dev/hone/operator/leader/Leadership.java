package dev.hone.operator.leader;

import dev.hone.operator.config.HoneConfig;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaderElectionRecord;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.UUID;
import org.jboss.logging.Logger;

/**
 * Whether this replica leads. The framework's elector takes and renews the lease but does not give
 * it back when the process ends, so that is done here: another replica then leads at once instead
 * of after the lease has run out.
 */
@Singleton
public class Leadership {
  /** Name of the lease. */
  public static final String LEASE = "hone-operator";

  private static final Logger LOG = Logger.getLogger(Leadership.class);
  private static final Duration RELEASED = Duration.ofSeconds(1);

  private final KubernetesClient client;
  private final Clock clock;
  private final LeaseLock lock;
  private volatile boolean leading;
  private volatile boolean stopping;

  /** Leadership by the lease in the operator's namespace. */
  public Leadership(KubernetesClient client, HoneConfig config, Clock clock) {
    this.client = client;
    this.clock = clock;
    this.lock = new LeaseLock(config.operatorNamespace(), LEASE, identity());
  }

  private static String identity() {
    String host = System.getenv("HOSTNAME");
    String prefix = host == null || host.isBlank() ? "operator" : host;
    // A container that is started again in the same pod is another process.
    return prefix + "_" + UUID.randomUUID();
  }

  /** Name of this process in the lease. */
  public String name() {
    return lock.identity();
  }

  /** Whether this replica leads. */
  public boolean isLeading() {
    return leading;
  }

  void started() {
    leading = true;
    LOG.infof("Leading as %s", name());
  }

  /** The lease is lost, or the elector was told to stop. */
  void ended() {
    leading = false;
    if (!stopping) {
      LOG.error("Lost the lease; another replica leads now, so this process ends");
      // Two leaders must never work side by side, and the framework would go on.
      Thread.ofPlatform().name("lost-lease").start(() -> System.exit(1));
    }
  }

  /** From now on the end of leadership is wanted. */
  public void expectEnd() {
    stopping = true;
  }

  /** Gives the lease back, if this process holds it. */
  public void release() {
    try {
      LeaderElectionRecord held = lock.get(client);
      if (held == null || !name().equals(held.getHolderIdentity())) {
        return;
      }
      ZonedDateTime now = clock.instant().atZone(ZoneOffset.UTC);
      lock.update(
          client, new LeaderElectionRecord("", RELEASED, now, now, held.getLeaderTransitions()));
      LOG.info("Gave the lease back");
    } catch (KubernetesClientException e) {
      LOG.warnf("Could not give the lease back; it runs out by itself: %s", e.getMessage());
    }
  }
}
