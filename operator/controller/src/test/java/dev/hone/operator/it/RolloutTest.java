package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.inferenceIs;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.inference.StandInRouter;
import dev.hone.operator.progress.TestClock;
import dev.hone.operator.prometheus.PrometheusSettings;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;

/**
 * What tests of rollouts have in common: something that answers as routers do in their place, and
 * two versions.
 */
@WithApiServer
abstract class RolloutTest extends OperatorTest {
  static final String NAME = "spam";

  private static final ObjectMapper JSON = new ObjectMapper();

  static final ServedModel A = new ServedModel("pvc://models/a", DIGEST_A, null);
  static final ServedModel B = new ServedModel("pvc://models/b", DIGEST_B, null);

  /** What the routers count, once they have a candidate. */
  volatile String counted = "";

  volatile JsonNode routing = JSON.createObjectNode();

  /** The golden set that the routers were given last, and what they found with it. */
  volatile JsonNode goldenSet = JSON.createObjectNode();

  volatile String goldenAnswer = ", \"done\": false, \"compared\": 1";

  /** When certificates are issued. */
  final TestClock certificateClock = new TestClock(Duration.ZERO);

  private final StandInRouter router = new StandInRouter();
  private final CountDownLatch told = new CountDownLatch(1);

  RolloutTest() {
    router.handle("/configuration", this::configure);
    router.handle("/statistics", this::statistics);
    router.handle("/golden-set", this::takeGoldenSet);
  }

  @Override
  RunningOperator newOperator(ApiServer apiServer, int modelPort) {
    return RunningOperator.start(
        apiServer,
        bench.namespace(),
        modelPort,
        new RunningOperator.Routers(router.port(), certificateClock, prometheus()));
  }

  /** Where the operator gets figures from; empty: from the routers. */
  Optional<PrometheusSettings> prometheus() {
    return Optional.empty();
  }

  @AfterEach
  void stopRouter() {
    router.close();
  }

  private void takeGoldenSet(HttpExchange exchange) throws IOException {
    goldenSet = JSON.readTree(exchange.getRequestBody().readAllBytes());
    StandInRouter.answer(exchange, 204, "");
  }

  private void configure(HttpExchange exchange) throws IOException {
    routing = JSON.readTree(exchange.getRequestBody().readAllBytes());
    StandInRouter.answer(exchange, 200, "");
    told.countDown();
  }

  private void statistics(HttpExchange exchange) throws IOException {
    String revision = routing.path("revision").asText();
    String golden =
        revision.equals(goldenSet.path("revision").asText())
            ? ", \"goldenSet\": {\"digest\": \"%s\", \"requests\": %d%s}"
                .formatted(
                    goldenSet.path("digest").asText(),
                    goldenSet.path("requests").size(),
                    goldenAnswer)
            : "";
    StandInRouter.answer(
        exchange, 200, "{\"revision\": \"" + revision + "\"" + counted + golden + "}");
  }

  static String arm(String name, int requests, int errors, int micros) {
    return ", \"%s\": {\"requests\": %d, \"errors\": %d, \"latency\": [{\"micros\": %d, \"count\": %d}]}"
        .formatted(name, requests, errors, micros, requests - errors);
  }

  static String compared(int rows, int sameTop) {
    return ", \"comparisons\": {\"samples\": %d, \"unlike\": 0, \"nan\": 0, \"outputs\": {\"logits\": {\"rows\": %d, \"sameTop\": %d, \"maxAbs\": 0.1, \"maxRelativeL2\": 0.1}}}"
        .formatted(rows, rows, sameTop);
  }

  final void apply(ServedModel model) {
    apply(model, "", "");
  }

  /**
   * Writes the resource.
   *
   * @param count a line of the spec about the number of pods
   * @param parity members of spec.rollout.parity, with a comma behind each
   */
  final void apply(ServedModel model, String count, String parity) {
    applySpec(
        model,
        """
        %s
          rollout:
            steps: [{weight: 5}, {weight: 50}]
            analysis: {maxErrorRate: 0.01, maxP99Ratio: 1.5, minRequests: 100, intervalSeconds: 1}
            parity: {%ssampleShare: 0.5, minSamples: 100, tolerances: [{top1Agreement: 0.99}]}
            soakSeconds: 1\
        """
            .formatted(count, parity));
  }

  /**
   * Writes the resource.
   *
   * @param more lines of the spec, all but the first one indented
   */
  final void applySpec(ServedModel model, String more) {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: %s}
        spec:
          model: {uri: "%s", digest: "%s"}
          %s
        """
            .formatted(NAME, model.uri(), model.digest(), more));
  }

  final void applyGoldenSet(String text) {
    bench
        .client()
        .configMaps()
        .inNamespace(bench.namespace())
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("golden")
                .endMetadata()
                .addToData("g.jsonl", text)
                .build())
        .serverSideApply();
  }

  final InferenceDeployment awaitDecision(RolloutStage stage, String text) {
    return await(stage, found -> found.getStatus().rollout().decision().contains(text));
  }

  static String deployment(ServedModel model) {
    return ModelVersion.name(NAME, model);
  }

  final InferenceDeployment await(RolloutStage stage, Predicate<InferenceDeployment> more) {
    return bench.inference(
        NAME,
        found ->
            found.getStatus() != null
                && found.getStatus().rollout() != null
                && found.getStatus().rollout().stage() == stage
                && more.test(found));
  }

  /** The pods of a Deployment are ready. */
  final void ready(String name, String container) {
    Deployment deployment = bench.await(Deployment.class, name, found -> true);
    kubelet.running(kubelet.podOf(deployment), container);
    kubelet.rolledOut(deployment, deployment.getSpec().getReplicas());
  }

  final void firstVersion() {
    firstVersion("");
  }

  /** The first version serves behind the routers. */
  final void firstVersion(String count) {
    apply(A, count, "");
    presentCertificate();
    ready(deployment(A), Names.SERVER_CONTAINER);
    ready(Names.router(NAME), Names.ROUTER_CONTAINER);
    await(RolloutStage.COMPLETE, inferenceIs("Available"));
    // A real router starts with the ConfigMap; this one knows nothing until it is told.
    try {
      assertThat(told.await(30, TimeUnit.SECONDS)).as("the router is told").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The Secret that the routers mount now. */
  final Secret routerSecret() {
    Deployment router = bench.await(Deployment.class, Names.router(NAME), found -> true);
    String name =
        router.getSpec().getTemplate().getSpec().getVolumes().stream()
            .filter(volume -> volume.getSecret() != null)
            .findFirst()
            .orElseThrow()
            .getSecret()
            .getSecretName();
    return bench.await(Secret.class, name, found -> true);
  }

  /** The router starts with the Secret, as its volume has it. */
  final void presentCertificate() {
    Map<String, String> files = new HashMap<>();
    routerSecret()
        .getData()
        .forEach(
            (name, content) ->
                files.put(
                    name, new String(Base64.getDecoder().decode(content), StandardCharsets.UTF_8)));
    router.present(files);
  }
}
