package dev.hone.operator.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.SourceKind;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.InferenceDeploymentStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.ServingAccess;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InferenceStatusFactoryTest {

  private static final String OLD = "sha256:" + "0".repeat(64);
  private static final String NEW = "sha256:" + "1".repeat(64);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # ready available complete resolved served | state       True? available? servedDigest? message
          0 | 0 | false | true  | none | Deploying   | False | False | none | rolls out sha256:111111111111; 0 of 2 replicas are ready: why
          1 | 1 | false | true  | none | Deploying   | False | True  | none | rolls out sha256:111111111111; 1 of 2 replicas are ready: why
          2 | 2 | true  | true  | none | Available   | True  | True  | new  | 2 of 2 replicas serve sha256:111111111111
          2 | 2 | false | true  | old  | Deploying   | False | True  | old  | rolls out sha256:111111111111; 2 of 2 replicas are ready: why
          1 | 1 | false | true  | new  | Degraded    | False | True  | new  | 1 of 2 replicas are ready: why
          0 | 0 | false | true  | new  | Unavailable | False | False | new  | 0 of 2 replicas are ready: why
          2 | 2 | true  | false | new  | Available   | True  | True  | new  | 2 of 2 replicas serve sha256:111111111111; waits for CompressionJob c
          """)
  void everyStateOfARollout(
      int ready,
      int available,
      boolean complete,
      boolean resolved,
      String served,
      String reason,
      String status,
      String availability,
      String servedNow,
      String message) {
    InferenceDeploymentStatus before =
        InferenceDeploymentStatus.empty().toBuilder().servedDigest(digest(served)).build();
    InferenceDeploymentStatus now =
        new InferenceStatusFactory(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC))
            .create(
                new InferenceStatusFactory.Input(
                    view(),
                    resolution(resolved),
                    new InferencePlan(
                        new ServedModel("pvc://a/b", NEW, "CompressionJob c"),
                        true,
                        false,
                        false,
                        Optional.empty()),
                    new RolloutState(2, ready, available, complete),
                    complete ? Optional.empty() : Optional.of("why"),
                    Optional.empty()),
                before);
    Condition summary = ConditionSet.find(now.conditions(), "Ready").orElseThrow();
    assertThat(summary.getReason()).isEqualTo(reason);
    assertThat(summary.getStatus()).isEqualTo(status);
    assertThat(summary.getMessage()).isEqualTo(message);
    assertThat(ConditionSet.find(now.conditions(), "Available").orElseThrow().getStatus())
        .isEqualTo(availability);
    assertThat(now.servedDigest()).isEqualTo(digest(servedNow));
    assertThat(now.readyReplicas()).isEqualTo(ready);
  }

  private static @Nullable String digest(String name) {
    return switch (name) {
      case "old" -> OLD;
      case "new" -> NEW;
      default -> null;
    };
  }

  private static InferenceView view() {
    return new InferenceView(
        new Owner("InferenceDeployment", "team", "spam", "uid"),
        1,
        ModelSource.ofReference(SourceKind.COMPRESSION_JOB, "c"),
        Backend.SERVER,
        2,
        null,
        null,
        null,
        null,
        null,
        null,
        ServingAccess.OPEN,
        null,
        Optional.empty());
  }

  private static Resolution resolution(boolean resolved) {
    return resolved
        ? new Resolution(
            Optional.of(new ResolvedModel("pvc://a/b", null, NEW)),
            "CompressionJob c",
            Reason.RESOLVED,
            "found")
        : new Resolution(
            Optional.empty(),
            "CompressionJob c",
            Reason.REFERENCE_NOT_READY,
            "waits for CompressionJob c");
  }
}
