package dev.hone.operator.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RoutingDocumentTest {
  private static final Owner OWNER = new Owner("InferenceDeployment", "mail", "spam", "u");

  private static JsonNode document(RolloutStage stage, int untimedCopies) throws Exception {
    RolloutStatus state =
        new RolloutStatus(
            stage,
            new ServedModel("pvc://mail/a", "sha256:00ff", null),
            new ServedModel("pvc://mail/b", "sha256:11ff", null),
            null,
            0,
            "2026-01-01T00:00:00Z",
            "decided",
            null,
            null,
            null,
            null,
            null);
    return new ObjectMapper()
        .readTree(
            RoutingDocument.of(
                OWNER, state, Optional.empty(), 0.1, untimedCopies, ServingAccess.OPEN));
  }

  @Test
  void theRoutersLeaveOutTheFirstCopiesTogether() throws Exception {
    assertThat(document(RolloutStage.SHADOW, 100).path("untimedCopies").asInt()).isEqualTo(50);
    assertThat(document(RolloutStage.SHADOW, 7).path("untimedCopies").asInt()).isEqualTo(4);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SHADOW")
  void whatClientsWaitForIsAlwaysTimed(RolloutStage stage) throws Exception {
    assertThat(document(stage, 100).has("untimedCopies")).isFalse();
  }
}
