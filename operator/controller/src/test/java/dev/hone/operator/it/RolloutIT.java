package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.ServedModel;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Rollouts of a fixed number of pods. */
@WithApiServer
class RolloutIT extends RolloutTest {

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
    apply(B, "", parity);
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
    apply(B, "", from + golden);
    await(RolloutStage.PREPARING, found -> found.getStatus().rollout().candidate() != null);
    ready(deployment(B), Names.SERVER_CONTAINER);
    awaitDecision(
        RolloutStage.GOLDEN_SET,
        "the reference is not ready: waits for FineTuneJob whole, which does not exist");

    ServedModel reference = new ServedModel("pvc://models/r", DIGEST_A, null);
    apply(
        B,
        "",
        from.replace("{from: {kind: FineTuneJob, name: whole}}", address(reference)) + golden);
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
  void whereThereIsNoRoomSurgeIsGivenUp() {
    firstVersion("replicas: 2");
    apply(B, "replicas: 2", "");
    Deployment candidate = bench.await(Deployment.class, deployment(B), found -> true);
    assertThat(candidate.getSpec().getReplicas()).isEqualTo(2);
    kubelet.unschedulable(
        kubelet.podOf(candidate),
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are"
            + " available: 3 No preemption victims found for incoming pod.");
    InferenceDeployment waiting = awaitDecision(RolloutStage.PREPARING, "waits for the pods of");
    assertThat(pods(A)).isEqualTo(2);
    // As if it had begun three minutes ago.
    bench
        .client()
        .resource(waiting)
        .subresource("status")
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"status\": {\"rollout\": {\"since\": \"%s\"}}}"
                .formatted(Instant.now().minus(Duration.ofMinutes(3))));

    awaitDecision(
        RolloutStage.PREPARING,
        "no node has room for 2 more pods (too little nvidia.com/gpu), so this rollout goes on"
            + " without surge: ");
    bench.await(Deployment.class, deployment(B), found -> found.getSpec().getReplicas() == 1);
    bench.await(Deployment.class, deployment(A), found -> found.getSpec().getReplicas() == 1);
    ready(deployment(B), Names.SERVER_CONTAINER);
    InferenceDeployment shadowed = await(RolloutStage.SHADOW, found -> true);
    assertThat(shadowed.getStatus().rollout().candidateReplicas()).isEqualTo(1);
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
  void theCertificatesAreReplacedBeforeTheyEnd() throws Exception {
    stopOperator();
    // The past, so that both certificates are valid now.
    certificateClock.moveTo(Duration.ofDays(-61));
    startOperator();
    firstVersion();
    String first = routerSecret().getMetadata().getName();
    certificateClock.moveTo(Duration.ZERO);
    apply(B);
    bench.await(
        Deployment.class,
        Names.router(NAME),
        found ->
            found.getSpec().getTemplate().getSpec().getVolumes().stream()
                .anyMatch(
                    volume ->
                        volume.getSecret() != null
                            && !volume.getSecret().getSecretName().equals(first)));
    Secret second = routerSecret();
    assertThat(second.getImmutable()).isTrue();
    assertThat(end(second)).isAfter(Instant.now().plus(Duration.ofDays(89)));
    // Pods that have the first one yet are told of the new version all the same.
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.SHADOW, found -> true);
    counted = arm("stable", 1000, 0, 2000) + arm("shadow", 500, 0, 2000) + compared(500, 500);
    await(RolloutStage.CANARY, found -> found.getStatus().rollout().step() == 1);
  }

  private static Instant end(Secret secret) throws CertificateException {
    return certificate(secret, "tls.crt").getNotAfter().toInstant();
  }

  private static X509Certificate certificate(Secret secret, String file)
      throws CertificateException {
    byte[] pem = Base64.getDecoder().decode(secret.getData().get(file));
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(pem));
  }

  @Test
  void aCertificateThatSomebodyDeletedIsMadeAgain() {
    firstVersion();
    Secret deleted = routerSecret();
    bench.client().resource(deleted).delete();
    // Its pods run on without it; one that starts cannot.
    Deployment router = bench.await(Deployment.class, Names.router(NAME), found -> true);
    kubelet.rolledOut(router, router.getSpec().getReplicas() - 1);
    Secret made =
        bench.await(
            Secret.class,
            deleted.getMetadata().getName(),
            found -> !found.getMetadata().getUid().equals(deleted.getMetadata().getUid()));
    assertThat(made.getData()).containsOnlyKeys("tls.crt", "tls.key", "ca.crt");
  }

  @Test
  void theRoutersAskForTlsAndAKeyAndTheVersionsForThem() throws Exception {
    String access =
        """
        tls: {secretName: spam-tls, clientAuth: Required}
          apiKey: {secretKeyRef: {name: spam-keys, key: keys.txt}}\
        """;
    apply(A, access, "");
    Deployment router = bench.await(Deployment.class, Names.router(NAME), found -> true);
    assertThat(variables(router))
        .containsEntry("HONE_TLS", "/etc/hone/tls")
        .containsEntry("HONE_TLS_CLIENT_AUTH", "Required")
        .containsEntry("HONE_API_KEY_FILE", "/etc/hone/api-key/key");
    ready(deployment(A), Names.SERVER_CONTAINER);
    Pod starting = kubelet.podOf(router);
    kubelet.scheduled(starting);
    kubelet.warn(
        starting,
        "FailedMount",
        "MountVolume.SetUp failed for volume \"hone-tls\" : secret \"spam-tls\" not found");
    InferenceDeployment waiting =
        bench.inference(
            NAME,
            seen ->
                inferenceIs("Deploying").test(seen)
                    && message(conditions(seen), "Ready").contains("spam-tls"));
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "waits for the routers: Secret spam-tls cannot be mounted: secret \"spam-tls\" not"
                + " found; create what is missing, or correct spec.tls");

    presentCertificate();
    kubelet.running(starting, Names.ROUTER_CONTAINER);
    kubelet.rolledOut(router, router.getSpec().getReplicas());
    InferenceDeployment first = await(RolloutStage.COMPLETE, inferenceIs("Available"));
    assertThat(first.getStatus().endpoint())
        .isEqualTo("https://spam." + bench.namespace() + ".svc:8000/v2/models/spam");
    assertThat(bench.await(Service.class, NAME, RolloutIT::router).getSpec().getPorts())
        .extracting(ServicePort::getAppProtocol)
        .containsExactly("https", "https");

    apply(B, access, "");
    Deployment candidate = bench.await(Deployment.class, deployment(B), found -> true);
    assertThat(variables(candidate))
        .containsEntry("HONE_TLS_CLIENT_AUTH", "Required")
        .containsEntry("HONE_TLS_CLIENT_NAME", "spam-router." + bench.namespace() + ".svc")
        .doesNotContainKey("HONE_API_KEY_FILE");
    ready(deployment(B), Names.SERVER_CONTAINER);
    await(RolloutStage.SHADOW, found -> true);
    assertThat(routing.path("candidate").path("grpc").asText())
        .isEqualTo("https://" + deployment(B) + "." + bench.namespace() + ".svc:8001");
    assertThat(routing.path("serverName").asText())
        .isEqualTo("spam-version." + bench.namespace() + ".svc");
    counted =
        arm("stable", 1000, 0, 2000)
            + arm("shadow", 500, 0, 2000)
            + arm("candidate", 500, 0, 2000)
            + compared(500, 500);
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));

    // One Secret for all versions, and one authority for both sides.
    String name = secretName(candidate);
    assertThat(name).startsWith("spam-version-");
    assertThat(secretName(bench.await(Deployment.class, deployment(B), found -> true)))
        .isEqualTo(name);
    Secret versions = bench.await(Secret.class, name, found -> true);
    assertThat(versions.getImmutable()).isTrue();
    X509Certificate authority = certificate(routerSecret(), "ca.crt");
    certificate(versions, "tls.crt").verify(authority.getPublicKey());
    assertThat(certificate(versions, "ca.crt")).isEqualTo(authority);
    assertThat(certificate(routerSecret(), "tls.crt").getExtendedKeyUsage()).hasSize(2);

    // Without them the routers and the versions speak plain HTTP again.
    bench.patch(InferenceDeployment.class, NAME, "{\"spec\": {\"tls\": null, \"apiKey\": null}}");
    bench.await(
        Deployment.class,
        deployment(B),
        found -> !variables(found).containsKey("HONE_TLS_CLIENT_NAME"));
    bench.await(
        Deployment.class, Names.router(NAME), found -> !variables(found).containsKey("HONE_TLS"));
    bench.inference(NAME, seen -> seen.getStatus().endpoint().startsWith("http://"));
  }

  private static Map<String, String> variables(Deployment deployment) {
    return deployment.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnv().stream()
        .collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
  }

  private static String secretName(Deployment deployment) {
    return deployment.getSpec().getTemplate().getSpec().getVolumes().stream()
        .filter(volume -> volume.getSecret() != null)
        .map(volume -> volume.getSecret().getSecretName())
        .findFirst()
        .orElseThrow();
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
  void versionsOfTritonAreComparedAsWell() {
    firstVersion("backend: Triton");
    apply(B, "backend: Triton", "");
    Deployment candidate = bench.await(Deployment.class, deployment(B), found -> true);
    PodSpec pod = candidate.getSpec().getTemplate().getSpec();
    assertThat(pod.getContainers())
        .extracting(Container::getImage)
        .containsExactly(RunningOperator.TRITON_IMAGE);
    assertThat(pod.getContainers().getFirst().getArgs()).contains("--load-model=" + NAME);
    assertThat(
            bench
                .await(Deployment.class, Names.router(NAME), found -> true)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers())
        .extracting(Container::getImage)
        .containsExactly(RunningOperator.SERVER_IMAGE);
    ready(deployment(B), Names.SERVER_CONTAINER);
    counted =
        arm("stable", 1000, 0, 2000)
            + arm("shadow", 500, 0, 2000)
            + arm("candidate", 500, 0, 2000)
            + compared(500, 500);
    await(RolloutStage.COMPLETE, found -> DIGEST_B.equals(found.getStatus().servedDigest()));
  }

  @Test
  void aVersionThatTritonCannotBeGivenIsStopped() {
    firstVersion("backend: Triton");
    apply(B, "backend: Triton", "");
    Deployment candidate = bench.await(Deployment.class, deployment(B), found -> true);
    kubelet.initEnded(
        kubelet.podOf(candidate),
        Names.REPOSITORY_CONTAINER,
        64,
        "{\"reason\": \"ArtifactCorrupt\", \"message\": \"file 'model.onnx' is corrupt\"}");
    InferenceDeployment stopped = await(RolloutStage.ROLLED_BACK, found -> true);
    assertThat(stopped.getStatus().rollout().decision())
        .contains(" does not start: file 'model.onnx' is corrupt");
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
    presentCertificate();
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
