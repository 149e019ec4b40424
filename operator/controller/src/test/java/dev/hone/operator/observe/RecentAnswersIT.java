package dev.hone.operator.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.hone.operator.observe.ClusterFacts.Warning;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@WithApiServer
class RecentAnswersIT {

  private final AtomicLong nanos = new AtomicLong();
  private final RecentAnswers recent = new RecentAnswers(nanos::get);
  private KubernetesClient client;
  private ConfigMap object;

  @BeforeEach
  void makeAnObject(ApiServer server) {
    client = server.admin();
    object =
        client
            .resource(
                new ConfigMapBuilder()
                    .withNewMetadata()
                    .withNamespace(server.newNamespace("recent"))
                    .withName("thing")
                    .endMetadata()
                    .build())
            .create();
  }

  private List<Warning> warnings(Duration age) {
    Instant created = Instant.parse(object.getMetadata().getCreationTimestamp());
    return new LiveClusterFacts(
            client,
            object.getMetadata().getNamespace(),
            recent,
            Clock.fixed(created.plus(age), ZoneOffset.UTC))
        .warnings(object);
  }

  private void warn(String uid, String type, String message) {
    client
        .resource(
            new EventBuilder()
                .withNewMetadata()
                .withNamespace(object.getMetadata().getNamespace())
                .withGenerateName("thing-")
                .endMetadata()
                .withNewInvolvedObject()
                .withKind("ConfigMap")
                .withNamespace(object.getMetadata().getNamespace())
                .withName("thing")
                .withUid(uid)
                .endInvolvedObject()
                .withType(type)
                .withReason("FailedCreate")
                .withMessage(message)
                .withLastTimestamp(Instant.now().toString())
                .build())
        .create();
  }

  @Test
  void thoseThatAskWithinSecondsGetOneAnswer() {
    assertThat(warnings(Duration.ofMinutes(1))).isEmpty();
    warn(object.getMetadata().getUid(), "Warning", "exceeded quota");
    warn(object.getMetadata().getUid(), "Normal", "all is well");
    warn("another", "Warning", "of another");

    nanos.addAndGet(Duration.ofSeconds(4).toNanos());
    assertThat(warnings(Duration.ofMinutes(1))).as("the answer of before").isEmpty();

    nanos.addAndGet(Duration.ofSeconds(2).toNanos());
    assertThat(warnings(Duration.ofMinutes(1)))
        .extracting(Warning::reason, Warning::message)
        .containsExactly(tuple("FailedCreate", "exceeded quota"));
  }

  @Test
  void nobodyIsAskedAboutWhatIsJustStarting() {
    warn(object.getMetadata().getUid(), "Warning", "exceeded quota");
    assertThat(warnings(Duration.ofSeconds(2))).isEmpty();
    assertThat(warnings(Duration.ofSeconds(3))).hasSize(1);
  }
}
