package dev.hone.operator.status;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConditionSetTest {

  private static final String EARLY = "2026-01-02T03:04:05Z";
  private static final String LATE = "2026-01-02T04:00:00Z";

  @Test
  void theTimeIsKeptUntilTheStatusChanges() {
    List<Condition> first = set(EARLY, List.of(), false, Reason.PENDING, "starts");
    List<Condition> second = set(LATE, first, false, Reason.RUNNING, "runs");
    List<Condition> third = set(LATE, second, true, Reason.COMPLETED, "done");
    assertThat(second.getFirst().getLastTransitionTime()).isEqualTo(EARLY);
    assertThat(third.getFirst().getLastTransitionTime()).isEqualTo(LATE);
  }

  @Test
  void aPercentageAloneIsNoNewMessage() {
    List<Condition> first =
        set(EARLY, List.of(), false, Reason.WAITING_FOR_REFERENCE, "waits (now Running, 4%)");
    List<Condition> second =
        set(LATE, first, false, Reason.WAITING_FOR_REFERENCE, "waits (now Running, 42%)");
    List<Condition> third =
        set(LATE, second, false, Reason.WAITING_FOR_REFERENCE, "waits (now Pending)");
    assertThat(second).isEqualTo(first);
    assertThat(third.getFirst().getMessage()).isEqualTo("waits (now Pending)");
  }

  @Test
  void aMessageThatIsTooLongIsCut() {
    List<Condition> set = set(EARLY, List.of(), false, Reason.FAILED, "x".repeat(10_000));
    assertThat(set.getFirst().getMessage()).hasSize(4096).endsWith("…");
  }

  private static List<Condition> set(
      String time, List<Condition> before, boolean status, Reason reason, String message) {
    Clock clock = Clock.fixed(Instant.parse(time), ZoneOffset.UTC);
    return new ConditionSet(clock, 1, before).set("Ready", status, reason, message).build();
  }
}
