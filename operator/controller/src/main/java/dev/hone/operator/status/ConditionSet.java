package dev.hone.operator.status;

import dev.hone.api.Reason;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.time.Clock;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Builds the conditions of a status from those before. A condition keeps its time unless its status
 * changed, and its message unless something but a percentage in it changed.
 */
public final class ConditionSet {

  /** Longest message that is written; the API allows 32768. */
  private static final int MAX_MESSAGE = 4096;

  private static final Pattern PROGRESS = Pattern.compile(", \\d+%\\)");

  private final Clock clock;
  private final long generation;
  private final List<Condition> before;
  private final List<Condition> now = new ArrayList<>();

  public ConditionSet(Clock clock, long generation, List<Condition> before) {
    this.clock = clock;
    this.generation = generation;
    this.before = before;
  }

  /** Sets a condition. */
  public ConditionSet set(String type, boolean status, Reason reason, String message) {
    return set(type, status ? "True" : "False", reason, message);
  }

  /** Sets a condition to Unknown: it cannot be told yet. */
  public ConditionSet unknown(String type, Reason reason, String message) {
    return set(type, "Unknown", reason, message);
  }

  /** Keeps a condition as it was before. */
  public ConditionSet keep(String type) {
    find(before, type).ifPresent(now::add);
    return this;
  }

  /** The conditions that were set, in that order. */
  public List<Condition> build() {
    return List.copyOf(now);
  }

  /** The condition of a type, if there is one. */
  public static Optional<Condition> find(List<Condition> conditions, String type) {
    return conditions.stream().filter(condition -> type.equals(condition.getType())).findFirst();
  }

  /** Whether the condition of a type is True. */
  public static boolean isTrue(List<Condition> conditions, String type) {
    return find(conditions, type).filter(found -> "True".equals(found.getStatus())).isPresent();
  }

  private ConditionSet set(String type, String status, Reason reason, String message) {
    Optional<Condition> old = find(before, type);
    String time =
        old.filter(condition -> status.equals(condition.getStatus()))
            .map(Condition::getLastTransitionTime)
            .orElseGet(() -> timestamp(clock));
    String text = shorten(message);
    String kept =
        old.filter(condition -> reason.value().equals(condition.getReason()))
            .map(Condition::getMessage)
            .filter(earlier -> sameState(earlier, text))
            .orElse(text);
    now.add(
        new ConditionBuilder()
            .withType(type)
            .withStatus(status)
            .withReason(reason.value())
            .withMessage(kept)
            .withLastTransitionTime(time)
            .withObservedGeneration(generation)
            .build());
    return this;
  }

  /** The current time as the API writes it. */
  public static String timestamp(Clock clock) {
    return DateTimeFormatter.ISO_INSTANT.format(clock.instant().truncatedTo(ChronoUnit.SECONDS));
  }

  private static boolean sameState(String earlier, String later) {
    return PROGRESS
        .matcher(earlier)
        .replaceAll(")")
        .equals(PROGRESS.matcher(later).replaceAll(")"));
  }

  private static String shorten(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE - 1) + "…";
  }
}
