package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The pods of a served model are replaced again and again under load, as `kubectl rollout restart`
 * does it, and no request fails: five times, or as often as hone.restarts says. What was found goes
 * into the file hone.restarts.figures.
 */
@ExtendWith(Lab.Provider.class)
class RestartIT {
  private static final Duration RUN = Duration.ofSeconds(240);
  private static final int RESTARTS = Integer.getInteger("hone.restarts", 5);
  private static final String NAME = "restarted";

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  @Test
  void noRequestFailsWhileThePodsAreReplaced() throws Exception {
    Resource train = lab.apply("finetune.yaml", UnaryOperator.identity());
    Resource compress = lab.apply("compress.yaml", UnaryOperator.identity());
    Resource serve =
        lab.apply("serve.yaml", manifest -> manifest.name(NAME).spec("resources.cpu", "400m"));
    serve.await("Ready is True", status -> "True".equals(status.state("Ready")), RUN);
    Map<String, Object> figures = new TreeMap<>();
    try (NodePorts ports = NodePorts.of(lab, NAME);
        SteadyLoad load = new SteadyLoad(ports.host(), ports.rest(), ports.grpc(), NAME)) {
      long started = System.nanoTime();
      for (int restart = 1; restart <= RESTARTS; restart++) {
        load.awaitAnswers(20);
        restart();
        assertThat(load.failures()).as("restart %d", restart).isEmpty();
      }
      load.awaitAnswers(20);
      figures.put("seconds", Duration.ofNanos(System.nanoTime() - started).toSeconds());
      for (String name : new String[] {"rest", "grpc"}) {
        figures.put(
            name,
            Map.of("requests", load.answers(name), "slowestMillis", load.slowest(name).toMillis()));
      }
      figures.put("restarts", RESTARTS);
      figures.put("failures", load.failures());
      assertThat(load.failures()).isEmpty();
    } finally {
      serve.delete();
      compress.delete();
      train.delete();
    }
    keep(figures);
  }

  private void restart() throws Exception {
    var deployments = lab.client().apps().deployments().inNamespace(lab.namespace());
    Deployment told = deployments.withName(NAME).rolling().restart();
    deployments
        .withName(NAME)
        .informOnCondition(
            found ->
                found.stream()
                    .anyMatch(each -> isReplaced(each, told.getMetadata().getGeneration())))
        .get(RUN.toSeconds(), TimeUnit.SECONDS);
  }

  /** What `kubectl rollout status` waits for. */
  private static boolean isReplaced(Deployment deployment, long generation) {
    DeploymentStatus status = deployment.getStatus();
    Integer replicas = deployment.getSpec().getReplicas();
    return status.getObservedGeneration() != null
        && status.getObservedGeneration() >= generation
        && replicas.equals(status.getUpdatedReplicas())
        && replicas.equals(status.getReplicas())
        && replicas.equals(status.getAvailableReplicas());
  }

  private static void keep(Map<String, Object> figures) throws IOException {
    String file = System.getProperty("hone.restarts.figures");
    if (file != null) {
      new ObjectMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValue(Path.of(file).toFile(), figures);
    }
  }
}
