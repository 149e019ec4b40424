package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.engine.EngineBuild;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/** Nodes that engines are built for, and the pods that build them. */
final class EngineBuilders {

  static final String FEATURE = "feature.node.kubernetes.io/";
  static final int BYTES = 1234;
  static final String BUILT =
      "{\"engine\":\"x\",\"digest\":\"sha256:%s\",\"sizeBytes\":%d,\"buildSeconds\":2.5,\"reused\":false}"
          .formatted("e".repeat(64), BYTES);

  private final Workbench bench;
  private final Kubelet kubelet;
  private final List<Node> nodes = new ArrayList<>();

  EngineBuilders(Workbench bench, Kubelet kubelet) {
    this.bench = bench;
    this.kubelet = kubelet;
  }

  /** Nodes belong to no namespace: a label keeps those of other tests apart. */
  void addNode(String name, Map<String, String> features) {
    Map<String, String> labels = new TreeMap<>(features);
    labels.put("kubernetes.io/arch", "amd64");
    labels.put(FEATURE + "cpu-model.family", "6");
    labels.put("pool", bench.namespace());
    nodes.add(kubelet.node(bench.namespace() + "-" + name, labels));
  }

  void removeNodes() {
    nodes.forEach(node -> bench.client().resource(node).delete());
  }

  /** What of a spec asks for an engine of these nodes; each line but the first is indented. */
  String spec() {
    return """
    engine: {providers: [CPU]}
      batching: {maxBatchSize: 4, sequenceLengths: [32, 128], maxWaitMillis: 500}
      podTemplate: {spec: {nodeSelector: {pool: %s}}}"""
        .formatted(bench.namespace());
  }

  /** The only EngineBuild of a model. */
  EngineBuild engine(String digest) {
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

  List<EngineBuild> engines() {
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

  /** Has an engine built. */
  void finish(EngineBuild build) {
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

  /** Has a build fail with the builder's words; gives its Job's pod. */
  Pod fail(EngineBuild build) {
    Job job = bench.job(build.getMetadata().getName());
    Pod pod = kubelet.podOf(job);
    kubelet.ended(
        pod,
        "server",
        64,
        "Error",
        "{\"reason\":\"EngineFailed\",\"message\":\"TensorRT cannot build it: no such operator\"}");
    kubelet.fail(job, "PodFailurePolicy", 1);
    return pod;
  }
}
