package dev.hone.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What of a pod's volumes the kubelet tells in events. */
class PodWaitTest {

  private static final Instant NOW = Instant.parse("2026-01-01T00:10:00Z");

  private static final Pod POD =
      new PodBuilder()
          .withNewSpec()
          .withNodeName("node")
          .addNewVolume()
          .withName("hone-tls")
          .withNewSecret()
          .withSecretName("spam-tls")
          .endSecret()
          .endVolume()
          .addNewVolume()
          .withName("hone-api-key")
          .withNewSecret()
          .withSecretName("spam-keys")
          .endSecret()
          .endVolume()
          .addNewVolume()
          .withName("own")
          .withNewSecret()
          .withSecretName("of-the-template")
          .endSecret()
          .endVolume()
          .endSpec()
          .withNewStatus()
          .withPhase("Pending")
          .endStatus()
          .build();

  private static final String TLS =
      "MountVolume.SetUp failed for volume \"hone-tls\" : secret \"spam-tls\" not found";
  private static final String KEYS =
      "MountVolume.SetUp failed for volume \"hone-api-key\" : references non-existent secret key: keys";
  private static final String SUM =
      "Unable to attach or mount volumes: unmounted volumes=[hone-tls]: timed out waiting for the condition";

  private static ClusterFacts.Warning warning(String message, long secondsAgo) {
    return new ClusterFacts.Warning("FailedMount", message, NOW.minusSeconds(secondsAgo));
  }

  /** The newest first. */
  private static Optional<String> explain(ClusterFacts.Warning... warnings) {
    return PodWait.explain(
        POD,
        new EmptyCluster() {
          @Override
          public List<Warning> warnings(HasMetadata object) {
            return List.of(warnings);
          }
        });
  }

  @Test
  void everySecretThatFailsIsNamedWhicheverComesFirst() {
    String sentence =
        "Secret spam-keys cannot be mounted: references non-existent secret key: keys; Secret spam-tls cannot be"
            + " mounted: secret \"spam-tls\" not found; create what is missing, or correct spec.apiKey and spec.tls";
    assertThat(explain(warning(TLS, 0), warning(KEYS, 1))).contains(sentence);
    assertThat(explain(warning(KEYS, 0), warning(TLS, 10))).contains(sentence);
  }

  @Test
  void whatWasRightedInTheMeantimeIsNotToldOf() {
    assertThat(explain(warning(KEYS, 0), warning(TLS, 11)))
        .contains(
            "Secret spam-keys cannot be mounted: references non-existent secret key: keys; create what is missing, or"
                + " correct spec.apiKey");
  }

  @Test
  void theNewestWordsOfAVolumeCount() {
    assertThat(
            explain(
                warning(
                    "MountVolume.SetUp failed for volume \"hone-tls\" : references non-existent secret key: ca.crt",
                    0),
                warning(TLS, 5)))
        .contains(
            "Secret spam-tls cannot be mounted: references non-existent secret key: ca.crt; create what is missing, or"
                + " correct spec.tls");
  }

  @Test
  void aVolumeOfTheTemplateIsTheTemplates() {
    assertThat(
            explain(
                warning(
                    "MountVolume.SetUp failed for volume \"own\" : secret \"of-the-template\" not found",
                    0)))
        .contains(
            "volume own cannot be mounted: secret \"of-the-template\" not found; create what is missing, or correct"
                + " spec.podTemplate");
  }

  @Test
  void theSumIsToldOnlyWhereNoCauseIs() {
    assertThat(explain(warning(SUM, 0), warning(TLS, 30)))
        .contains(
            "Secret spam-tls cannot be mounted: secret \"spam-tls\" not found; create what is missing, or correct"
                + " spec.tls");
    assertThat(explain(warning(SUM, 0)))
        .contains(
            "a volume of the pod cannot be mounted: "
                + SUM
                + "; create what is missing, or correct spec.podTemplate");
    assertThat(explain()).isEmpty();
  }
}
