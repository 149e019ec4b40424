package dev.hone.operator.observe;

import io.fabric8.kubernetes.client.CustomResource;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.AbstractEventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.ResourceAction;
import io.javaoperatorsdk.operator.processing.event.source.controller.ResourceEvent;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Looks regularly for resources without a status and wakes them. A controller that reconciles on
 * all events also does so on a deletion, and takes for part of it what comes meanwhile: the event
 * of a resource that is deleted and applied again at once is lost, and no other follows.
 */
public final class UnseenWatch<P extends CustomResource<?, ?>>
    extends AbstractEventSource<Void, P> {

  private static final Logger LOG = Logger.getLogger(UnseenWatch.class);
  private static final Duration INTERVAL = Duration.ofSeconds(2);

  private final IndexerResourceCache<P> primaries;
  private @Nullable ScheduledExecutorService timer;

  /** Creates the watch over the primary resources of a controller. */
  public UnseenWatch(EventSourceContext<P> context) {
    super(Void.class, "unseen");
    this.primaries = context.getPrimaryCache();
  }

  @Override
  public synchronized void start() {
    if (isRunning()) {
      return;
    }
    super.start();
    ScheduledExecutorService executor =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("unseen").factory());
    executor.scheduleWithFixedDelay(
        this::wakeUnseen, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    timer = executor;
  }

  @Override
  public synchronized void stop() {
    if (timer != null) {
      timer.shutdownNow();
      timer = null;
    }
    super.stop();
  }

  @Override
  public Set<Void> getSecondaryResources(P primary) {
    return Set.of();
  }

  private void wake(P resource) {
    // Events that are not a resource's own are dropped where its state was cleaned up.
    getEventHandler()
        .handleEvent(
            new ResourceEvent(ResourceAction.ADDED, ResourceID.fromResource(resource), resource));
  }

  private void wakeUnseen() {
    try {
      primaries.list(resource -> resource.getStatus() == null).forEach(this::wake);
    } catch (RuntimeException e) {
      // An exception would end the timer for good.
      LOG.warn("cannot look for resources without a status; trying again", e);
    }
  }
}
