package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Deployments of NVIDIA Triton Inference Server, in a namespace that lets restricted pods in alone.
 */
@WithApiServer
class TritonIT extends OperatorTest {

  /** As Triton gives it, with the defaults that it fills in. */
  private static final String CONFIG =
      """
      {"name": "spam", "platform": "onnxruntime_onnx", "max_batch_size": 8,
       "instance_group": [{"name": "spam_0", "kind": "KIND_GPU", "count": 1, "gpus": [0]}],
       "optimization": {"execution_accelerators": {"gpu_execution_accelerator": [{"name": "tensorrt", "parameters": {}}]}},
       "parameters": {"digest": {"string_value": "%s"}}}
      """
          .formatted(DIGEST_A);

  @BeforeEach
  void prepare() {
    bench
        .client()
        .namespaces()
        .withName(bench.namespace())
        .edit(
            found ->
                new NamespaceBuilder(found)
                    .editMetadata()
                    .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                    .endMetadata()
                    .build());
    models.createContext(
        "/v2/models/spam/config",
        exchange -> {
          byte[] body = CONFIG.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
  }

  private Deployment deploy() {
    bench.applyText(
        """
        apiVersion: hone.dev/v1alpha1
        kind: InferenceDeployment
        metadata: {name: spam}
        spec:
          backend: Triton
          model: {uri: "pvc://spam-filter/artifacts/model"}
          resources: {cpu: 500m, memory: 512Mi}
        """);
    return bench.await(Deployment.class, "spam", found -> true);
  }

  @Test
  void itsOwnConfigurationTellsWhatItServesAndOnWhat() {
    Deployment deployment = deploy();
    PodSpec spec = deployment.getSpec().getTemplate().getSpec();
    assertThat(spec.getInitContainers())
        .singleElement()
        .satisfies(
            container -> {
              assertThat(container.getName()).isEqualTo("repository");
              assertThat(container.getImage()).isEqualTo(RunningOperator.SERVER_IMAGE);
            });
    assertThat(spec.getContainers())
        .extracting(Container::getImage)
        .containsExactly(RunningOperator.TRITON_IMAGE);

    kubelet.running(kubelet.podOf(deployment), "server");
    kubelet.rolledOut(deployment, 1);

    InferenceDeployment available =
        bench.inference(
            "spam",
            seen -> inferenceIs("Available").test(seen) && seen.getStatus().provider() != null);
    assertThat(available.getStatus().provider()).isEqualTo("TensorrtExecutionProvider");
    assertThat(available.getStatus().servedDigest()).isEqualTo(DIGEST_A);
    assertThat(available.getStatus().endpoint())
        .isEqualTo("http://spam." + bench.namespace() + ".svc:8000/v2/models/spam");
    assertThat(message(conditions(available), "Ready"))
        .startsWith("1 of 1 replicas serve")
        .endsWith("; Triton takes the model's tensors, and no text");
  }

  @Test
  void whyTheRepositoryCouldNotBeWrittenIsTold() {
    Deployment deployment = deploy();
    Pod pod = kubelet.podOf(deployment);
    kubelet.initEnded(
        pod,
        "repository",
        64,
        "{\"reason\":\"ArtifactCorrupt\",\"message\":\"file 'model.onnx' is corrupt\"}");
    kubelet.rolledOut(deployment, 0);

    InferenceDeployment told =
        bench.inference(
            "spam",
            seen ->
                seen.getStatus() != null
                    && message(conditions(seen), "Ready").contains("model.onnx"));
    assertThat(message(conditions(told), "Ready")).endsWith(": file 'model.onnx' is corrupt");
  }

  @Test
  void theBackendMayBeChangedEitherWay() {
    deploy();
    bench.patch(InferenceDeployment.class, "spam", "{\"spec\":{\"backend\":\"Server\"}}");
    Deployment ours =
        bench.await(
            Deployment.class,
            "spam",
            found -> found.getSpec().getTemplate().getSpec().getInitContainers().isEmpty());
    Container server = ours.getSpec().getTemplate().getSpec().getContainers().getFirst();
    assertThat(server.getImage()).isEqualTo(RunningOperator.SERVER_IMAGE);
    assertThat(server.getArgs()).isEmpty();
    assertThat(server.getLifecycle()).isNull();

    bench.patch(InferenceDeployment.class, "spam", "{\"spec\":{\"backend\":\"Triton\"}}");
    bench.await(
        Deployment.class,
        "spam",
        found -> found.getSpec().getTemplate().getSpec().getInitContainers().size() == 1);
  }
}
