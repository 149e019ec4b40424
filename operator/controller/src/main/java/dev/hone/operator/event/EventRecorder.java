package dev.hone.operator.event;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.MicroTime;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.api.model.events.v1.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * Writes a Kubernetes event when the state of a resource changes, in the words of its condition.
 */
public final class EventRecorder {

  private static final Logger LOG = Logger.getLogger(EventRecorder.class);
  private static final DateTimeFormatter MICRO_TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);
  private static final int MAX_NOTE = 1024;
  private static final Set<String> WARNINGS =
      Set.of(
          Reason.FAILED.value(),
          Reason.INVALID.value(),
          Reason.UNSUPPORTED.value(),
          Reason.REJECTED.value(),
          Reason.RETRYING.value(),
          Reason.ROLLED_BACK.value(),
          Reason.DEGRADED.value(),
          Reason.UNAVAILABLE.value());

  private final Clock clock;
  private final String instance;

  /**
   * Creates a recorder.
   *
   * @param clock the clock of the events
   * @param instance name of this replica
   */
  public EventRecorder(Clock clock, String instance) {
    this.clock = clock;
    this.instance = instance;
  }

  /** Writes an event if the state of {@code Ready} changed, or what a pending pod waits for. */
  public void transition(
      KubernetesClient client, HasMetadata about, List<Condition> before, List<Condition> now) {
    Optional<Condition> later = ConditionSet.find(now, ConditionTypes.READY);
    Optional<Condition> earlier = ConditionSet.find(before, ConditionTypes.READY);
    later
        .filter(ready -> earlier.isEmpty() || changed(earlier.get(), ready))
        .ifPresent(ready -> write(client, about, ready));
  }

  private static boolean changed(Condition before, Condition now) {
    return !now.getReason().equals(before.getReason())
        || (Reason.PENDING.value().equals(now.getReason())
            && !now.getMessage().equals(before.getMessage()));
  }

  /** Writes a step on the way that leaves the state as it is. */
  public void step(KubernetesClient client, HasMetadata about, Reason reason, String note) {
    write(client, event(about, "Normal", reason.value(), note));
  }

  /** Writes a warning that no condition can tell, for its resource will be gone. */
  public void warn(KubernetesClient client, HasMetadata about, Reason reason, String note) {
    write(client, event(about, "Warning", reason.value(), note));
  }

  private void write(KubernetesClient client, HasMetadata about, Condition ready) {
    String type = WARNINGS.contains(ready.getReason()) ? "Warning" : "Normal";
    write(client, event(about, type, ready.getReason(), ready.getMessage()));
  }

  private static void write(KubernetesClient client, Event event) {
    try {
      client.resource(event).create();
    } catch (KubernetesClientException e) {
      // An event is a courtesy: the condition says the same, so that a lost one changes nothing.
      LOG.debugf(e, "no event for %s", event.getRegarding().getName());
    }
  }

  private Event event(HasMetadata about, String type, String reason, String note) {
    Instant now = clock.instant();
    return new EventBuilder()
        .withNewMetadata()
        .withName(
            about.getMetadata().getName()
                + "."
                + Long.toHexString(now.getEpochSecond() * 1_000_000_000L + now.getNano()))
        .withNamespace(about.getMetadata().getNamespace())
        .endMetadata()
        .withEventTime(new MicroTime(MICRO_TIME.format(now)))
        .withReportingController("hone.dev/operator")
        .withReportingInstance(instance)
        .withAction("Reconcile")
        .withType(type)
        .withReason(reason)
        .withNote(note.length() <= MAX_NOTE ? note : note.substring(0, MAX_NOTE - 1) + "…")
        .withRegarding(
            new ObjectReferenceBuilder()
                .withApiVersion(about.getApiVersion())
                .withKind(about.getKind())
                .withName(about.getMetadata().getName())
                .withNamespace(about.getMetadata().getNamespace())
                .withUid(about.getMetadata().getUid())
                .build())
        .build();
  }
}
