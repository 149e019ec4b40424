package dev.hone.operator.desired;

import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * How a serving pod leaves: it goes on serving while routes to it are taken away, then finishes
 * what is in flight.
 */
final class ServingDrain {

  /** The setting of how long it goes on serving, and its default. */
  private static final String VARIABLE = "HONE_DRAIN_SECONDS";

  private static final long SECONDS = 5;

  /** At most a day: a longer drain is a mistake, and the server says so. */
  private static final Pattern DRAIN = Pattern.compile("[0-9]{1,5}");

  /** How long it waits after that for what is in flight. */
  static final long FINISH_SECONDS = 30;

  /** For the rest of its way out. */
  private static final long SPARE_SECONDS = 10;

  private ServingDrain() {}

  /** How long a container with these variables goes on serving, in seconds. */
  static long seconds(List<EnvVar> variables) {
    return variables.stream()
        .filter(variable -> VARIABLE.equals(variable.getName()))
        .map(EnvVar::getValue)
        .filter(value -> value != null && DRAIN.matcher(value).matches())
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(SECONDS);
  }

  /**
   * The template with as long a grace period as the server needs, or the user's if it is longer.
   */
  static PodTemplateSpec withGrace(PodTemplateSpec template) {
    long given =
        Objects.requireNonNullElse(template.getSpec().getTerminationGracePeriodSeconds(), 0L);
    List<EnvVar> variables =
        template.getSpec().getContainers().stream()
            .filter(container -> Names.SERVER_CONTAINER.equals(container.getName()))
            .flatMap(container -> container.getEnv().stream())
            .toList();
    return new PodTemplateSpecBuilder(template)
        .editSpec()
        .withTerminationGracePeriodSeconds(
            Math.max(given, seconds(variables) + FINISH_SECONDS + SPARE_SECONDS))
        .endSpec()
        .build();
  }
}
