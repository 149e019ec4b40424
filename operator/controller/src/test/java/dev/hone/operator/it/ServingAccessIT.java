package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Models that are served with TLS and for those alone that have a key. */
@WithApiServer
class ServingAccessIT extends OperatorTest {

  private Deployment deploy() {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: spam}
        spec:
          model: {uri: "pvc://spam-filter/artifacts/model"}
          tls: {secretName: spam-tls, clientAuth: Required}
          apiKey: {secretKeyRef: {name: spam-keys, key: keys.txt}}
          podTemplate:
            spec:
              containers:
                - name: server
                  env: [{name: HONE_TLS, value: /elsewhere}]
        """);
    return bench.await(Deployment.class, "spam", found -> true);
  }

  private static Container server(Deployment deployment) {
    return deployment.getSpec().getTemplate().getSpec().getContainers().getFirst();
  }

  private static boolean hasVariable(Deployment deployment, String name) {
    return server(deployment).getEnv().stream().map(EnvVar::getName).anyMatch(name::equals);
  }

  private static List<IntOrString> probed(Deployment deployment) {
    Container server = server(deployment);
    return Stream.of(
            server.getStartupProbe(), server.getReadinessProbe(), server.getLivenessProbe())
        .map((Probe probe) -> probe.getHttpGet().getPort())
        .distinct()
        .toList();
  }

  private InferenceDeployment awaitProvider() {
    return bench.inference(
        "spam", seen -> inferenceIs("Available").test(seen) && seen.getStatus().provider() != null);
  }

  @Test
  void whatTheSpecAsksForReachesThePodsTheServiceAndTheStatus() {
    Deployment deployment = deploy();

    assertThat(server(deployment).getEnv())
        .extracting(EnvVar::getName, EnvVar::getValue)
        .contains(
            tuple("HONE_TLS", "/etc/hone/tls"),
            tuple("HONE_TLS_CLIENT_AUTH", "Required"),
            tuple("HONE_API_KEY_FILE", "/etc/hone/api-key/key"))
        .doesNotContain(tuple("HONE_TLS", "/elsewhere"));
    assertThat(server(deployment).getVolumeMounts())
        .extracting(VolumeMount::getMountPath, VolumeMount::getName, VolumeMount::getReadOnly)
        .contains(
            tuple("/etc/hone/tls", "hone-tls", true),
            tuple("/etc/hone/api-key", "hone-api-key", true));
    assertThat(deployment.getSpec().getTemplate().getSpec().getVolumes())
        .filteredOn(volume -> volume.getSecret() != null)
        .extracting(Volume::getName, volume -> volume.getSecret().getSecretName())
        .containsExactly(tuple("hone-tls", "spam-tls"), tuple("hone-api-key", "spam-keys"));
    assertThat(probed(deployment)).containsExactly(new IntOrString("metrics"));
    assertThat(bench.await(Service.class, "spam", found -> true).getSpec().getPorts())
        .extracting(ServicePort::getAppProtocol)
        .containsExactly("https", "https");

    kubelet.running(kubelet.podOf(deployment), "server");
    kubelet.rolledOut(deployment, 1);

    assertThat(awaitProvider().getStatus().endpoint())
        .isEqualTo("https://spam." + bench.namespace() + ".svc:8000/v2/models/spam");
  }

  @Test
  void aSecretThatIsMissingAndAKeyThatAnotherLacksAreNamed() {
    Deployment deployment = deploy();
    Pod pod = kubelet.podOf(deployment);
    kubelet.scheduled(pod);
    kubelet.warn(
        pod,
        "FailedMount",
        "MountVolume.SetUp failed for volume \"hone-tls\" : secret \"spam-tls\" not found");
    kubelet.warn(
        pod,
        "FailedMount",
        "MountVolume.SetUp failed for volume \"hone-api-key\" : references non-existent secret key: keys.txt");
    InferenceDeployment waiting =
        bench.inference(
            "spam",
            seen ->
                seen.getStatus() != null && message(conditions(seen), "Ready").contains("Secret"));
    assertThat(inferenceIs("Deploying").test(waiting)).isTrue();
    assertThat(message(conditions(waiting), "Ready"))
        .endsWith(
            ": Secret spam-keys cannot be mounted: references non-existent secret key: keys.txt; Secret spam-tls cannot"
                + " be mounted: secret \"spam-tls\" not found; create what is missing, or correct spec.apiKey and"
                + " spec.tls");
  }

  @Test
  void whatIsTakenOutOfTheSpecIsTakenOutOfThePodsAndTheService() {
    deploy();
    bench.patch(
        InferenceDeployment.class,
        "spam",
        "{\"spec\":{\"tls\":null,\"apiKey\":null,\"podTemplate\":null}}");

    Deployment open =
        bench.await(Deployment.class, "spam", found -> !hasVariable(found, "HONE_TLS"));
    assertThat(hasVariable(open, "HONE_API_KEY_FILE")).isFalse();
    assertThat(open.getSpec().getTemplate().getSpec().getVolumes())
        .extracting(Volume::getSecret)
        .containsOnlyNulls();
    assertThat(probed(open)).containsExactly(new IntOrString("http"));
    assertThat(bench.await(Service.class, "spam", found -> true).getSpec().getPorts())
        .extracting(ServicePort::getAppProtocol)
        .containsExactly(null, "kubernetes.io/h2c");

    kubelet.running(kubelet.podOf(open), "server");
    kubelet.rolledOut(open, 1);

    assertThat(awaitProvider().getStatus().endpoint()).startsWith("http://spam.");
  }
}
