package dev.hone.operator.observe;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.Optional;
import java.util.regex.Pattern;

/** Says why the API server lets no pod be made: a quota, a limit, a policy. */
public final class PodRefusal {

  private static final String REASON = "FailedCreate";

  /** The name of a pod differs from try to try. */
  private static final Pattern POD =
      Pattern.compile("^(Error creating: )?(pods \"[^\"]*\" is forbidden: )?");

  private PodRefusal() {}

  /**
   * The refusal of a Job's pod, which stands only in events, as a sentence.
   *
   * @param change how {@code spec.resources} is changed, for the sentence
   */
  public static Optional<String> of(HasMetadata job, ClusterFacts facts, String change) {
    return facts.warnings(job).stream()
        .filter(warning -> REASON.equals(warning.reason()))
        .findFirst()
        .map(warning -> sentence(warning.message(), change));
  }

  /** As above, for a Deployment, which has a condition about it. */
  public static Optional<String> of(Deployment deployment, String change) {
    if (deployment.getStatus() == null) {
      return Optional.empty();
    }
    return deployment.getStatus().getConditions().stream()
        .filter(condition -> "ReplicaFailure".equals(condition.getType()))
        .filter(condition -> "True".equals(condition.getStatus()))
        .filter(condition -> REASON.equals(condition.getReason()))
        .findFirst()
        .map(condition -> sentence(condition.getMessage(), change));
  }

  private static String sentence(String message, String change) {
    String words = POD.matcher(message).replaceFirst("");
    return "the API server refuses the pod: %s; %s".formatted(words, advice(words, change));
  }

  private static String advice(String words, String change) {
    if (words.startsWith("exceeded quota: ")) {
      return "wait until others have ended, ask for less in "
          + change
          + ", or have the quota raised";
    }
    if (words.startsWith("failed quota: ")) {
      return "write what it asks for in " + change;
    }
    if (words.contains(" usage per ")) {
      return "keep within that in " + change + ", or have the LimitRange changed";
    }
    return "correct spec.podTemplate or " + change + ", or have the policy changed";
  }
}
