package dev.hone.operator.desired;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.FieldsV1;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntryBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplicaHandoverTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # owners of the number | now | pods | applied | given
                                 |     |  3   | 3       |
          hone-operator          |  3  |  3   |         | 3
          hone-operator          |  7  |  3   |         | 7
          hone-operator          |  2  |  3   | 3       |
          hone-operator          |  0  |  1   | 1       |
          hone-handover          |  2  |  3   |         |
          autoscaler             |  0  |  3   |         |
          hone-operator autoscaler | 2 |  3   |         |
          """)
  void theNumberIsGivenAwayBeforeItIsDropped(
      @Nullable String owners,
      @Nullable Integer now,
      int pods,
      @Nullable Integer applied,
      @Nullable Integer given) {
    Optional<Deployment> live =
        owners == null
            ? Optional.empty()
            : Optional.of(deployment(Arrays.asList(owners.split(" ")), now));
    assertThat(ReplicaHandover.plan(live, pods)).isEqualTo(new ReplicaHandover(applied, given));
  }

  private static Deployment deployment(List<String> owners, @Nullable Integer replicas) {
    FieldsV1 fields = new FieldsV1();
    fields.setAdditionalProperty("f:spec", Map.of("f:replicas", Map.of()));
    List<ManagedFieldsEntry> entries =
        owners.stream()
            .map(
                owner ->
                    new ManagedFieldsEntryBuilder().withManager(owner).withFieldsV1(fields).build())
            .toList();
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName("spam")
        .withManagedFields(entries)
        .endMetadata()
        .withNewSpec()
        .withReplicas(replicas)
        .endSpec()
        .build();
  }
}
