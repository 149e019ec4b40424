package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The pods of a served model are replaced again and again under load, as `kubectl rollout restart`
 * does it, and no request fails: five times, or as often as hone.restarts says. What was found goes
 * into the folder hone.restarts.figures.
 */
@ExtendWith(Lab.Provider.class)
class RestartIT {
  private static final Duration RUN = Duration.ofSeconds(240);
  private static final int RESTARTS = Integer.getInteger("hone.restarts", 5);

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  enum Way {
    /** Clients reach the pods of the model. */
    DIRECT("serve.yaml", Set.of()),
    /** They reach routers, which are replaced as well. */
    ROUTED("rollout.yaml", Set.of("router", "version"));

    private final String manifest;
    private final Set<String> roles;

    Way(String manifest, Set<String> roles) {
      this.manifest = manifest;
      this.roles = roles;
    }
  }

  @ParameterizedTest
  @EnumSource
  void noRequestFailsWhileThePodsAreReplaced(Way way) throws Exception {
    String name = "restarted-" + way.name().toLowerCase(Locale.ROOT);
    Resource train = lab.apply("finetune.yaml", UnaryOperator.identity());
    Resource compress = lab.apply("compress.yaml", UnaryOperator.identity());
    Resource serve =
        lab.apply(
            way.manifest,
            manifest ->
                manifest
                    .name(name)
                    .spec("model.from", "{kind: CompressionJob, name: tiny-int8}")
                    .spec("replicas", "2")
                    .spec("resources.cpu", "400m")
                    .without("rollout.parity"));
    Map<String, Object> figures = new TreeMap<>();
    try {
      serve.await("Ready is True", status -> "True".equals(status.state("Ready")), RUN);
      List<String> deployments = deployments(name, way.roles);
      try (NodePorts ports = NodePorts.of(lab, name);
          SteadyLoad load = new SteadyLoad(ports.host(), ports.rest(), ports.grpc(), name)) {
        long started = System.nanoTime();
        for (int restart = 1; restart <= RESTARTS; restart++) {
          load.awaitAnswers(20);
          restart(deployments);
          assertThat(load.failures()).as("restart %d", restart).isEmpty();
        }
        load.awaitAnswers(20);
        figures.put("seconds", Duration.ofNanos(System.nanoTime() - started).toSeconds());
        figures.put("restarts", RESTARTS);
        figures.put("failures", load.failures());
        for (String protocol : List.of("rest", "grpc")) {
          figures.put(
              protocol,
              Map.of(
                  "requests",
                  load.answers(protocol),
                  "slowestMillis",
                  load.slowest(protocol).toMillis()));
        }
        assertThat(load.failures()).isEmpty();
      }
    } finally {
      serve.delete();
      compress.delete();
      train.delete();
    }
    keep(way, figures);
  }

  /** The Deployments of a served model: its only one, or those of these roles. */
  private List<String> deployments(String name, Set<String> roles) {
    List<Deployment> found =
        lab.client()
            .apps()
            .deployments()
            .inNamespace(lab.namespace())
            .withLabel("hone.dev/name", name)
            .list()
            .getItems();
    if (!roles.isEmpty()) {
      assertThat(found)
          .extracting(deployment -> deployment.getMetadata().getLabels().get("hone.dev/role"))
          .containsExactlyInAnyOrderElementsOf(roles);
    }
    return found.stream().map(deployment -> deployment.getMetadata().getName()).toList();
  }

  /** All at once, as when a node pool is renewed. */
  private void restart(List<String> names) throws Exception {
    var deployments = lab.client().apps().deployments().inNamespace(lab.namespace());
    Map<String, Long> told = new TreeMap<>();
    for (String name : names) {
      Deployment deployment = deployments.withName(name).rolling().restart();
      told.put(name, deployment.getMetadata().getGeneration());
    }
    for (Map.Entry<String, Long> each : told.entrySet()) {
      deployments
          .withName(each.getKey())
          .informOnCondition(
              found ->
                  found.stream().anyMatch(deployment -> isReplaced(deployment, each.getValue())))
          .get(RUN.toSeconds(), TimeUnit.SECONDS);
    }
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

  private static void keep(Way way, Map<String, Object> figures) throws IOException {
    String folder = System.getProperty("hone.restarts.figures");
    if (folder != null) {
      Path file = Path.of(folder, "restarts-" + way.name().toLowerCase(Locale.ROOT) + ".json");
      new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), figures);
    }
  }
}
