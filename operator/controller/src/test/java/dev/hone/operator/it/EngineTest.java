package dev.hone.operator.it;

import dev.hone.api.engine.EngineBuild;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What tests of engines have in common: nodes of a class, and deployments that ask for engines. */
@WithApiServer
abstract class EngineTest extends OperatorTest {

  static final String FEATURE = EngineBuilders.FEATURE;
  static final int BYTES = EngineBuilders.BYTES;

  EngineBuilders builders;

  @BeforeEach
  void addNode() {
    builders = new EngineBuilders(bench, kubelet);
    builders.addNode("v3", Map.of(FEATURE + "cpu-cpuid.AVX2", "true"));
  }

  @AfterEach
  void removeNodes() {
    builders.removeNodes();
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
          %s
        """
            .formatted(name, digest.substring(7, 8), digest, builders.spec()));
  }

  final EngineBuild engine(String digest) {
    return builders.engine(digest);
  }

  final List<EngineBuild> engines() {
    return builders.engines();
  }

  final void finish(EngineBuild build) {
    builders.finish(build);
  }

  final Deployment rollOut(String name, String digest) {
    Deployment deployment = awaitModel(name, digest);
    kubelet.running(kubelet.podOf(deployment), "server");
    kubelet.rolledOut(deployment, 1);
    return deployment;
  }
}
