package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.engine.EngineBuild;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What tests of engines have in common: nodes of a class, and deployments that ask for engines. */
@WithApiServer
abstract class EngineTest extends OperatorTest {

  static final String FEATURE = "feature.node.kubernetes.io/";
  static final int BYTES = 1234;
  static final String BUILT =
      "{\"engine\":\"x\",\"digest\":\"sha256:%s\",\"sizeBytes\":%d,\"buildSeconds\":2.5,\"reused\":false}"
          .formatted("e".repeat(64), BYTES);

  private final List<Node> nodes = new ArrayList<>();

  @BeforeEach
  void addNode() {
    addNode("v3", Map.of(FEATURE + "cpu-cpuid.AVX2", "true"));
  }

  @AfterEach
  void removeNodes() {
    nodes.forEach(node -> bench.client().resource(node).delete());
  }

  /** Nodes belong to no namespace: a label keeps those of other tests apart. */
  final void addNode(String name, Map<String, String> features) {
    Map<String, String> labels = new TreeMap<>(features);
    labels.put("kubernetes.io/arch", "amd64");
    labels.put(FEATURE + "cpu-model.family", "6");
    labels.put("pool", bench.namespace());
    nodes.add(kubelet.node(bench.namespace() + "-" + name, labels));
  }

  final void serve(String name, String digest) {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: %s}
        spec:
          model: {uri: "pvc://spam-filter/artifacts/model-%s", digest: "%s"}
          replicas: 1
          engine: {providers: [CPU]}
          batching: {maxBatchSize: 4, sequenceLengths: [32, 128], maxWaitMillis: 500}
          podTemplate: {spec: {nodeSelector: {pool: %s}}}
        """
            .formatted(name, digest.substring(7, 8), digest, bench.namespace()));
  }

  final EngineBuild engine(String digest) {
    bench
        .client()
        .resources(EngineBuild.class)
        .inNamespace(bench.namespace())
        .informOnCondition(found -> found.stream().anyMatch(build -> isOf(build, digest)))
        .orTimeout(30, TimeUnit.SECONDS)
        .join();
    List<EngineBuild> found = engines().stream().filter(build -> isOf(build, digest)).toList();
    assertThat(found).hasSize(1);
    return found.getFirst();
  }

  final List<EngineBuild> engines() {
    return bench
        .client()
        .resources(EngineBuild.class)
        .inNamespace(bench.namespace())
        .list()
        .getItems();
  }

  private static boolean isOf(EngineBuild build, String digest) {
    return build.getSpec().model().digest().equals(digest);
  }

  final void finish(EngineBuild build) {
    Job job = bench.job(build.getMetadata().getName());
    Pod pod = kubelet.podOf(job);
    kubelet.running(pod, "server");
    bench.await(
        EngineBuild.class,
        build.getMetadata().getName(),
        seen ->
            seen.getStatus() != null
                && message(seen.getStatus().conditions(), "Ready").endsWith("is building"));
    kubelet.ended(pod, "server", 0, "Completed", BUILT);
    kubelet.succeed(job);
    bench.await(
        EngineBuild.class,
        build.getMetadata().getName(),
        seen -> ConditionSet.isTrue(seen.getStatus().conditions(), "Ready"));
  }

  final Deployment rollOut(String name, String digest) {
    Deployment deployment = awaitModel(name, digest);
    kubelet.running(kubelet.podOf(deployment), "server");
    kubelet.rolledOut(deployment, 1);
    return deployment;
  }
}
