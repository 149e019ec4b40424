package dev.hone.testing.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@WithApiServer(crds = false)
class ApiServerTest {

  private static final String READ_CONFIG_MAPS =
      """
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata: {name: reader, namespace: %1$s}
      rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata: {name: reader, namespace: %1$s}
      roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
      subjects: [{kind: ServiceAccount, name: reader, namespace: %1$s}]
      """;

  @Test
  void aServiceAccountHasTheRightsOfItsRoleAndNoOthers(
      ApiServer server, KubernetesClient admin, TestNamespace namespace) {
    ConfigMap map = configMap("numbers", namespace);
    admin.resource(map).create();
    List<HasMetadata> rbac = admin.load(stream(READ_CONFIG_MAPS.formatted(namespace))).items();

    try (KubernetesClient client = server.serviceAccount(namespace.name(), "reader", rbac)) {
      assertThat(
              client.configMaps().inNamespace(namespace.name()).withName("numbers").get().getData())
          .containsEntry("one", "1");
      assertThatThrownBy(() -> client.resource(configMap("others", namespace)).create())
          .isInstanceOf(KubernetesClientException.class)
          .hasMessageContaining("forbidden");
    }
  }

  @Test
  void aTokenTellsThePodThatItIsBoundTo(
      ApiServer server, KubernetesClient admin, TestNamespace namespace) {
    Pod pod =
        admin
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withName("worker")
                    .withNamespace(namespace.name())
                    .endMetadata()
                    .withNewSpec()
                    .addNewContainer()
                    .withName("worker")
                    .withImage("nothing")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    String token =
        server.podToken(
            namespace.name(), "default", List.of("reports"), "worker", pod.getMetadata().getUid());

    TokenReview review =
        admin
            .resource(
                new TokenReviewBuilder()
                    .withNewSpec()
                    .withToken(token)
                    .addToAudiences("reports")
                    .endSpec()
                    .build())
            .create();

    assertThat(review.getStatus().getAuthenticated()).isTrue();
    assertThat(review.getStatus().getUser().getExtra())
        .containsEntry("authentication.kubernetes.io/pod-uid", List.of(pod.getMetadata().getUid()));
  }

  @Test
  void everyTestHasANamespaceOfItsOwn(KubernetesClient admin, TestNamespace namespace) {
    assertThat(admin.configMaps().inNamespace(namespace.name()).list().getItems()).isEmpty();
    assertThat(admin.namespaces().withName(namespace.name()).get()).isNotNull();
  }

  @Test
  void aGuardedProgramEndsWhenItsInputCloses() throws Exception {
    Process guarded =
        new ProcessBuilder("/bin/sh", script(), "/bin/sleep", "600")
            .redirectErrorStream(true)
            .start();
    ProcessHandle sleep = awaitChild(guarded);

    guarded.getOutputStream().close();

    assertThat(guarded.waitFor(20, TimeUnit.SECONDS)).isTrue();
    sleep.onExit().get(20, TimeUnit.SECONDS);
  }

  private static ProcessHandle awaitChild(Process parent) throws Exception {
    for (int i = 0; i < 200; i++) {
      var child =
          parent
              .children()
              .filter(p -> p.info().command().orElse("").contains("sleep"))
              .findFirst();
      if (child.isPresent()) {
        return child.get();
      }
      Thread.sleep(50);
    }
    throw new AssertionError("the program did not start");
  }

  private static String script() throws Exception {
    return java.nio.file.Path.of(ApiServer.class.getResource("run-until-stdin-closes.sh").toURI())
        .toString();
  }

  private static ConfigMap configMap(String name, TestNamespace namespace) {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(namespace.name())
        .endMetadata()
        .addToData("one", "1")
        .build();
  }

  private static java.io.InputStream stream(String text) {
    return new java.io.ByteArrayInputStream(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
  }
}
