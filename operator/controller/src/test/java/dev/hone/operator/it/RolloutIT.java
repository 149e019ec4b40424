package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Rollouts, with something that answers as routers do in the place of routers. */
@WithApiServer
class RolloutIT extends OperatorTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NAME = "spam";
  private static final String TOKEN_REFUSED = "the token is not the router's";

  private static final ServedModel A = new ServedModel("pvc://models/a", DIGEST_A, null);
  private static final ServedModel B = new ServedModel("pvc://models/b", DIGEST_B, null);

  /** What the routers count, once they have a candidate. */
  private volatile String counted = "";

  private volatile JsonNode routing = JSON.createObjectNode();

  /** The golden set that the routers were given last, and what they found with it. */
  private volatile JsonNode goldenSet = JSON.createObjectNode();

  private volatile String goldenAnswer = ", \"done\": false, \"compared\": 1";

  private final CountDownLatch told = new CountDownLatch(1);
  private volatile String token = "";

  @BeforeEach
  void routers() {
    models.createContext("/configuration", this::configure);
    models.createContext("/statistics", this::statistics);
    models.createContext("/golden-set", this::takeGoldenSet);
  }

  private void takeGoldenSet(HttpExchange exchange) throws IOException {
    if (!("Bearer " + token).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      answer(exchange, 403, TOKEN_REFUSED);
      return;
    }
    goldenSet = JSON.readTree(exchange.getRequestBody().readAllBytes());
    answer(exchange, 204, "");
  }

  private void configure(HttpExchange exchange) throws IOException {
    String given = exchange.getRequestHeaders().getFirst("Authorization");
    if (!("Bearer " + token).equals(given)) {
      answer(exchange, 403, TOKEN_REFUSED);
      return;
    }
    routing = JSON.readTree(exchange.getRequestBody().readAllBytes());
    answer(exchange, 200, "");
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
    answer(exchange, 200, "{\"revision\": \"" + revision + "\"" + counted + golden + "}");
  }

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String arm(String name, int requests, int errors, int micros) {
    return ", \"%s\": {\"requests\": %d, \"errors\": %d, \"latency\": [{\"micros\": %d, \"count\": %d}]}"
        .formatted(name, requests, errors, micros, requests - errors);
  }

  private static String compared(int rows, int sameTop) {
    return ", \"comparisons\": {\"samples\": %d, \"unlike\": 0, \"nan\": 0, \"outputs\": {\"logits\": {\"rows\": %d, \"sameTop\": %d, \"maxAbs\": 0.1, \"maxRelativeL2\": 0.1}}}"
        .formatted(rows, rows, sameTop);
  }

  private void apply(ServedModel model) {
    apply(model, "");
  }

  private void apply(ServedModel model, String parity) {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: %s}
        spec:
          model: {uri: "%s", digest: "%s"}
          rollout:
            steps: [{weight: 5}, {weight: 50}]
            analysis: {maxErrorRate: 0.01, maxP99Ratio: 1.5, minRequests: 100, intervalSeconds: 1}
            parity: {%ssampleShare: 0.5, minSamples: 100, tolerances: [{top1Agreement: 0.99}]}
            soakSeconds: 1
        """
            .formatted(NAME, model.uri(), model.digest(), parity));
  }

  private void applyGoldenSet(String text) {
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

  private InferenceDeployment awaitDecision(RolloutStage stage, String text) {
    return await(stage, found -> found.getStatus().rollout().decision().contains(text));
  }

  private static String deployment(ServedModel model) {
    return Names.version(NAME, ModelVersion.of(model));
  }

  private InferenceDeployment await(RolloutStage stage, Predicate<InferenceDeployment> more) {
    return bench.inference(
        NAME,
        found ->
            found.getStatus() != null
                && found.getStatus().rollout() != null
                && found.getStatus().rollout().stage() == stage
                && more.test(found));
  }

  /** The pods of a Deployment are ready. */
  private void ready(String name, String container) {
    Deployment deployment = bench.await(Deployment.class, name, found -> true);
    kubelet.running(kubelet.podOf(deployment), container);
    kubelet.rolledOut(deployment, deployment.getSpec().getReplicas());
  }

  private void firstVersion() {
    apply(A);
    Deployment router = bench.await(Deployment.class, Names.router(NAME), found -> true);
    token = tokenOf(router);
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

  /** The token, as the routers' volume has it. */
  private String tokenOf(Deployment router) {
    String name =
        router.getSpec().getTemplate().getSpec().getVolumes().stream()
            .filter(volume -> volume.getSecret() != null)
            .findFirst()
            .orElseThrow()
            .getSecret()
            .getSecretName();
    Secret secret = bench.await(Secret.class, name, found -> true);
    return new String(
        Base64.getDecoder().decode(secret.getData().get(Names.TOKEN_KEY)), StandardCharsets.UTF_8);
  }

  @Test
  void aGoodVersionTakesOverStepByStep() {
    firstVersion();
    assertThat(router(bench.await(Service.class, NAME, found -> true))).isTrue();
    assertThat(routing.path("candidate").isMissingNode()).isTrue();
    assertThat(routing.path("stable").path("rest").asText())
        .isEqualTo("http://" + deployment(A) + "." + bench.namespace() + ".svc:8000");

    apply(B);
    InferenceDeployment preparing = await(RolloutStage.PREPARING, found -> true);
    assertThat(preparing.getStatus().rollout().stable().digest()).isEqualTo(DIGEST_A);
    assertThat(preparing.getStatus().rollout().candidate().digest()).isEqualTo(DIGEST_B);
    assertThat(preparing.getStatus().servedDigest()).isEqualTo(DIGEST_A);
    // The pods that serve are left alone, and the new ones get nothing yet.
    Deployment stable = bench.await(Deployment.class, deployment(A), found -> true);
    ready(deployment(B), Names.SERVER_CONTAINER);

    await(RolloutStage.SHADOW, found -> true);
    assertThat(routing.path("weight").asInt()).isZero();
    assertThat(routing.path("shadowShare").asDouble()).isEqualTo(0.5);
    counted =
        arm("stable", 1000, 0, 2000)
            + arm("shadow", 500, 0, 2000)
            + arm("candidate", 0, 0, 0)
            + compared(500, 500);
    InferenceDeployment canary =
        await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);
    assertThat(canary.getStatus().rollout().weight()).isEqualTo(5);
    assertThat(canary.getStatus().rollout().decision())
        .startsWith("the shadow stage passes: 500 answers compared");
    assertThat(message(conditions(canary), "Ready"))
        .isEqualTo(canary.getStatus().rollout().decision());
    assertThat(bench.await(Deployment.class, deployment(A), found -> true).getSpec())
        .isEqualTo(stable.getSpec());

    counted = arm("stable", 1000, 0, 2000) + arm("candidate", 500, 0, 2000) + compared(500, 500);
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 2);
    await(RolloutStage.SOAKING, found -> found.getStatus().rollout().weight() == 100);
    InferenceDeployment done =
        await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
    assertThat(done.getStatus().rollout().stable().digest()).isEqualTo(DIGEST_B);
    bench.awaitGone(Deployment.class, deployment(A));
    bench.awaitGone(Service.class, deployment(A));
    assertThat(routing.path("candidate").isMissingNode()).isTrue();
    bench.awaitEvent(NAME, event -> event.startsWith("Deploying: step 1 of 2 at 5% passes"));
    bench.awaitEvent(NAME, event -> event.contains("is the stable version now; the soak passes"));
  }

  @Test
  void aVersionThatAnswersOtherwiseIsStopped() {
    firstVersion();
    apply(B);
    await(RolloutStage.PREPARING, found -> true);
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.SHADOW, found -> true);
    counted = arm("stable", 1000, 0, 2000) + arm("shadow", 500, 0, 2000) + compared(500, 400);

    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, inferenceIs("RolledBack"));
    assertThat(message(conditions(stopped), "Ready"))
        .startsWith(
            "the shadow stage fails: logits has the same top answer in 400 of 500 rows (at least"
                + " 99%)");
    assertThat(message(conditions(stopped), "Available")).startsWith("1 of 1 replicas");
    assertThat(stopped.getStatus().servedDigest()).isEqualTo(DIGEST_A);
    assertThat(stopped.getStatus().rollout().rejected().digest()).isEqualTo(DIGEST_B);
    bench.awaitGone(Deployment.class, deployment(B));
    assertThat(routing.path("weight").asInt()).isZero();
    bench.awaitEvent(NAME, event -> event.startsWith("RolledBack: the shadow stage fails"));
  }

  @Test
  void aVersionThatFailsTheGoldenSetGetsNoRequest() {
    String parity = "goldenSet: {configMapKeyRef: {name: golden, key: g.jsonl}}, ";
    firstVersion();
    apply(B, parity);
    await(RolloutStage.PREPARING, found -> found.getStatus().rollout().candidate() != null);
    ready(deployment(B), Names.SERVER_CONTAINER);
    awaitDecision(
        RolloutStage.GOLDEN_SET,
        "key g.jsonl of ConfigMap golden of spec.rollout.parity.goldenSet is not there");
    applyGoldenSet("{}");
    awaitDecision(RolloutStage.GOLDEN_SET, "key g.jsonl of ConfigMap golden: request 1 has no");
    String asked = "{\"inputs\": [{\"name\": \"x\", \"data\": [1]}]";
    applyGoldenSet(
        asked + "}\n" + asked + ", \"outputs\": [{\"name\": \"logits\", \"data\": [2]}]}\n");
    InferenceDeployment runs =
        awaitDecision(RolloutStage.GOLDEN_SET, "1 of 2 requests are answered");
    assertThat(runs.getStatus().rollout().goldenSet().requests()).isEqualTo(2);
    assertThat(runs.getStatus().rollout().goldenSet().recorded()).isEqualTo(1);
    assertThat(runs.getStatus().rollout().goldenSet().digest())
        .isEqualTo(goldenSet.path("digest").asText())
        .startsWith("sha256:");
    assertThat(goldenSet.path("model").asText()).isEqualTo(NAME);
    assertThat(goldenSet.at("/requests/1/expected/outputs/0/data/0").asInt()).isEqualTo(2);
    assertThat(routing.path("candidate").isObject()).isTrue();
    assertThat(routing.path("weight").asInt()).isZero();
    assertThat(routing.path("shadowShare").asDouble()).isZero();

    // Whoever goes on in the middle asks the routers again.
    stopOperator();
    goldenAnswer =
        ", \"done\": true, \"compared\": 2, \"outputs\": {\"logits\": {\"rows\": 2, \"sameTop\": 1,"
            + " \"otherTopRequest\": 2}}";
    startOperator();
    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, inferenceIs("RolledBack"));
    assertThat(message(conditions(stopped), "Ready"))
        .startsWith(
            "the golden set fails: logits has the right top answer in 1 of 2 rows (at least 99%),"
                + " the first other one in request 2; ");
    assertThat(stopped.getStatus().rollout().goldenSet().requests()).isEqualTo(2);
    assertThat(stopped.getStatus().servedDigest()).isEqualTo(DIGEST_A);
    bench.awaitGone(Deployment.class, deployment(B));

    // Another spec is another try.
    goldenAnswer = goldenAnswer.replace("\"sameTop\": 1", "\"sameTop\": 2");
    bench.patch(InferenceDeployment.class, NAME, "{\"spec\": {\"rollout\": {\"soakSeconds\": 2}}}");
    ready(deployment(B), Names.SERVER_CONTAINER);
    awaitDecision(RolloutStage.SHADOW, "the golden set passes: 2 requests answered");
  }

  @Test
  void aReferenceHasAPodUntilItsAnswersAreCompared() {
    firstVersion();
    applyGoldenSet("{\"inputs\": [{\"name\": \"x\", \"data\": [1]}]}");
    String from = "reference: {from: {kind: FineTuneJob, name: whole}}, ";
    String golden = "goldenSet: {configMapKeyRef: {name: golden, key: g.jsonl}}, ";
    apply(B, from + golden);
    await(RolloutStage.PREPARING, found -> found.getStatus().rollout().candidate() != null);
    ready(deployment(B), Names.SERVER_CONTAINER);
    awaitDecision(
        RolloutStage.GOLDEN_SET,
        "the reference is not ready: waits for FineTuneJob whole, which does not exist");

    ServedModel reference = new ServedModel("pvc://models/r", DIGEST_A, null);
    apply(B, from.replace("{from: {kind: FineTuneJob, name: whole}}", address(reference)) + golden);
    Deployment beside = bench.await(Deployment.class, deployment(reference), found -> true);
    assertThat(beside.getSpec().getReplicas()).isEqualTo(1);
    awaitDecision(RolloutStage.GOLDEN_SET, "the reference is not ready: ");
    ready(deployment(reference), Names.SERVER_CONTAINER);
    InferenceDeployment runs =
        awaitDecision(RolloutStage.GOLDEN_SET, "1 of 1 requests are answered");
    assertThat(runs.getStatus().rollout().goldenSet().reference().uri()).isEqualTo(reference.uri());
    assertThat(routing.path("reference").path("rest").asText())
        .isEqualTo("http://" + deployment(reference) + "." + bench.namespace() + ".svc:8000");
    assertThat(routing.path("weight").asInt()).isZero();

    goldenAnswer = ", \"done\": true, \"compared\": 1";
    await(RolloutStage.SHADOW, found -> true);
    bench.awaitGone(Deployment.class, deployment(reference));
    bench.awaitGone(Service.class, deployment(reference));
    assertThat(routing.path("reference").isMissingNode()).isTrue();
  }

  private static String address(ServedModel model) {
    return "{uri: \"%s\", digest: \"%s\"}".formatted(model.uri(), model.digest());
  }

  private int pods(ServedModel model) {
    return bench.await(Deployment.class, deployment(model), found -> true).getSpec().getReplicas();
  }

  @Test
  void withoutSurgeTheVersionsShareThePods() {
    firstVersion();
    bench.patch(
        InferenceDeployment.class,
        NAME,
        "{\"spec\": {\"replicas\": 3, \"rollout\": {\"surge\": \"Never\", \"parity\": null}}}");
    bench.await(Deployment.class, deployment(A), found -> found.getSpec().getReplicas() == 3);
    bench.patch(
        InferenceDeployment.class,
        NAME,
        "{\"spec\": {\"model\": {\"uri\": \"%s\", \"digest\": \"%s\"}}}"
            .formatted(B.uri(), B.digest()));
    InferenceDeployment preparing =
        awaitDecision(RolloutStage.PREPARING, "surge is Never, so it has 1 of 3 pods");
    assertThat(preparing.getStatus().rollout().candidateReplicas()).isEqualTo(1);
    bench.await(Deployment.class, deployment(A), found -> found.getSpec().getReplicas() == 2);
    assertThat(pods(B)).isEqualTo(1);
    ready(deployment(B), Names.SERVER_CONTAINER);

    await(RolloutStage.CANARY, found -> found.getStatus().rollout().weight() == 5);
    counted = arm("stable", 1000, 0, 2000) + arm("candidate", 500, 0, 2000);
    // The second step is 50%: two of three pods, which come before the traffic does.
    awaitDecision(RolloutStage.CANARY, "waits for its 2 of 3 pods before it answers 50%");
    bench.await(Deployment.class, deployment(B), found -> found.getSpec().getReplicas() == 2);
    bench.await(Deployment.class, deployment(A), found -> found.getSpec().getReplicas() == 1);
    assertThat(routing.path("weight").asInt()).isEqualTo(5);
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().weight() == 50);
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().model().digest()));
    bench.await(Deployment.class, deployment(B), found -> found.getSpec().getReplicas() == 3);
    bench.awaitGone(Deployment.class, deployment(A));
  }

  @Test
  void anOperatorThatIsKilledGoesOn() {
    firstVersion();
    apply(B);
    await(RolloutStage.PREPARING, found -> true);
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.SHADOW, found -> true);
    stopOperator();
    counted =
        arm("stable", 1000, 0, 2000)
            + arm("shadow", 500, 0, 2000)
            + arm("candidate", 500, 0, 2000)
            + compared(500, 500);
    startOperator();
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
  }

  @Test
  void aVersionWhoseProgramGivesUpIsStopped() {
    firstVersion();
    apply(B);
    Deployment candidate = bench.await(Deployment.class, deployment(B), found -> true);
    kubelet.ended(
        kubelet.podOf(candidate),
        Names.SERVER_CONTAINER,
        64,
        "Error",
        "{\"reason\": \"ModelInvalid\", \"message\": \"the engine cannot be loaded\"}");
    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, found -> true);
    assertThat(stopped.getStatus().rollout().decision())
        .contains(" does not start: ")
        .contains("the engine cannot be loaded");
  }

  @Test
  void aPolicyMayComeAndGo() {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: %s}
        spec: {model: {uri: "%s", digest: "%s"}}
        """
            .formatted(NAME, A.uri(), A.digest()));
    ready(NAME, Names.SERVER_CONTAINER);
    bench.inference(NAME, inferenceIs("Available"));

    apply(A);
    Deployment router = bench.await(Deployment.class, Names.router(NAME), found -> true);
    token = tokenOf(router);
    // Until the routers work, requests go to the pods that have served them.
    assertThat(router(bench.await(Service.class, NAME, found -> true))).isFalse();
    ready(deployment(A), Names.SERVER_CONTAINER);
    ready(Names.router(NAME), Names.ROUTER_CONTAINER);
    await(RolloutStage.COMPLETE, found -> true);
    bench.await(Service.class, NAME, RolloutIT::router);
    bench.awaitGone(Deployment.class, NAME);

    bench.patch(InferenceDeployment.class, NAME, "{\"spec\": {\"rollout\": null}}");
    ready(NAME, Names.SERVER_CONTAINER);
    bench.await(Service.class, NAME, found -> !router(found));
    for (String gone : List.of(Names.router(NAME), deployment(A))) {
      bench.awaitGone(Deployment.class, gone);
    }
    assertThat(bench.inference(NAME, inferenceIs("Available")).getStatus().rollout()).isNull();
  }

  @Test
  void anObjectOfSomebodyElseIsLeftAlone() {
    bench
        .client()
        .apps()
        .deployments()
        .inNamespace(bench.namespace())
        .load(
            new ByteArrayInputStream(
                """
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: spam-router}
                spec:
                  selector: {matchLabels: {app: mine}}
                  template:
                    metadata: {labels: {app: mine}}
                    spec: {containers: [{name: c, image: i}]}
                """
                    .getBytes(StandardCharsets.UTF_8)))
        .create();
    apply(A);
    InferenceDeployment blocked = bench.inference(NAME, inferenceIs("Invalid"));
    assertThat(message(conditions(blocked), "Ready"))
        .startsWith("Deployment spam-router is in the way");
  }

  private static boolean router(Service service) {
    return Labels.ROLE_ROUTER.equals(service.getSpec().getSelector().get(Labels.ROLE));
  }
}
