package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.conditions;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static dev.hone.operator.it.Workbench.message;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Pods that do not start or do not end well: the condition says why, and what to do. */
@WithApiServer
class PodTroubleIT extends OperatorTest {

  @Test
  void noFreeGpuIsCounted() {
    create(node("gpu-node", Map.of(), Map.of("nvidia.com/gpu", new Quantity("2"))));
    try {
      for (int i = 0; i < 2; i++) {
        bench.client().resource(hog("hog-" + i)).create();
      }
      bench.apply("00-volume.yaml");
      bench.apply(Workbench.FINE_TUNE);
      Pod pod = kubelet.podOf(bench.job("spam-lora"));
      kubelet.unschedulable(pod, "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.");
      FineTuneJob waiting =
          bench.fineTune(
              "spam-lora", job -> message(conditions(job), "Ready").contains("nvidia.com/gpu"));
      assertThat(message(conditions(waiting), "Ready"))
          .isEqualTo("needs 1 nvidia.com/gpu; 2 of 2 in use on 1 node");
      bench.awaitEvent(
          "spam-lora", "Pending: needs 1 nvidia.com/gpu; 2 of 2 in use on 1 node"::equals);
    } finally {
      bench.client().nodes().withName("gpu-node").delete();
    }
  }

  @Test
  void whatNodesOfferInsteadOfAMigProfileIsNamed() {
    List<Node> nodes =
        List.of(
            node("mig-node", Map.of(), Map.of("nvidia.com/mig-1g.10gb", new Quantity("7"))),
            node(
                "bare-node",
                Map.of("nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3"),
                Map.of("cpu", new Quantity("8"))));
    nodes.forEach(this::create);
    try {
      bench.apply("00-volume.yaml");
      bench.apply(
          Workbench.FINE_TUNE,
          yaml ->
              yaml.replaceFirst(
                  "resources:\\n( {4}.*\\n)+",
                  "resources: {mig: {profile: 3g.40gb}, gpuRequirements: {minMemory: 40G,"
                      + " minComputeCapability: '8.6', minDriver: '550.54', sharing: Exclusive},"
                      + " gpuPreferences: [{weight: 5, features: {products:"
                      + " [NVIDIA-H100-80GB-HBM3]}}]}\n"));
      Pod pod = kubelet.podOf(bench.job("spam-lora"));
      kubelet.unschedulable(pod, "0/2 nodes are available: 2 Insufficient nvidia.com/mig-3g.40gb.");
      FineTuneJob waiting =
          bench.fineTune(
              "spam-lora", job -> message(conditions(job), "Ready").contains("mig-3g.40gb"));
      assertThat(message(conditions(waiting), "Ready"))
          .isEqualTo(
              "needs 1 nvidia.com/mig-3g.40gb; 0 of 2 nodes offer it, 1 offers mig-1g.10gb; 1 node"
                  + " carries NVIDIA-H100-80GB-HBM3 but offers no nvidia.com/mig-3g.40gb: is the"
                  + " device plugin running there?");
    } finally {
      nodes.forEach(node -> bench.client().resource(node).delete());
    }
  }

  /** The API server taints every node that is new; the node's controller takes that back. */
  private void create(Node node) {
    Node created = bench.client().resource(node).create();
    bench
        .client()
        .resource(created)
        .edit(seen -> new NodeBuilder(seen).editSpec().withTaints().endSpec().build());
  }

  private static Node node(
      String name, Map<String, String> labels, Map<String, Quantity> allocatable) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .withLabels(labels)
        .endMetadata()
        .withNewStatus()
        .withAllocatable(allocatable)
        .endStatus()
        .build();
  }

  private Pod hog(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(bench.namespace())
        .endMetadata()
        .withNewSpec()
        .withNodeName("gpu-node")
        .addNewContainer()
        .withName("hog")
        .withImage("example.org/hog")
        .withNewResources()
        .addToLimits("nvidia.com/gpu", new Quantity("1"))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }

  @Test
  void aMissingClaimIsNamed() {
    bench.apply(Workbench.FINE_TUNE);
    Pod pod = kubelet.podOf(bench.job("spam-lora"));
    kubelet.unschedulable(pod, "persistentvolumeclaim \"spam-filter\" not found");
    FineTuneJob waiting =
        bench.fineTune(
            "spam-lora", job -> message(conditions(job), "Ready").contains("spam-filter"));
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "PersistentVolumeClaim spam-filter does not exist in namespace %s; create it"
                .formatted(bench.namespace()));
  }

  @Test
  void aMissingSecretOfASourceIsNamed() {
    bench.apply(
        Workbench.FINE_TUNE,
        yaml ->
            yaml.replace(
                "uri: pvc://spam-filter/models/all-minilm-l6-v2",
                "uri: hf://acme/small\n    revision: v1.0\n    secretRef: {name: hub}"));
    Job job = bench.job("spam-lora");
    var from =
        job.getSpec().getTemplate().getSpec().getContainers().getFirst().getEnvFrom().getFirst();
    assertThat(from.getPrefix()).isEqualTo("HONE_SECRET_hub_");
    assertThat(from.getSecretRef().getName()).isEqualTo("hub");
    Pod pod = kubelet.podOf(job);
    kubelet.waiting(pod, "trainer", "CreateContainerConfigError", "secret \"hub\" not found");
    FineTuneJob waiting =
        bench.fineTune("spam-lora", found -> message(conditions(found), "Ready").contains("hub"));
    assertThat(message(conditions(waiting), "Ready"))
        .isEqualTo(
            "container trainer cannot be made: secret \"hub\" not found; create what is missing, or"
                + " correct its name in the spec");
  }

  @Test
  void anImageThatCannotBePulledIsNamedOnceWhateverTheKubeletCallsIt() {
    bench.apply(Workbench.FINE_TUNE);
    Pod pod = kubelet.podOf(bench.job("spam-lora"));
    kubelet.waiting(pod, "trainer", "ErrImagePull", "pull access denied");
    FineTuneJob first =
        bench.fineTune("spam-lora", job -> message(conditions(job), "Ready").contains("image"));
    assertThat(message(conditions(first), "Ready"))
        .isEqualTo(
            "image %s of container trainer cannot be pulled: pull access denied; correct its name, or give the node access to it"
                .formatted(RunningOperator.TRAINER_IMAGE));
    kubelet.waiting(
        pod,
        "trainer",
        "ImagePullBackOff",
        "Back-off pulling image \"%s\": ErrImagePull: pull access denied"
            .formatted(RunningOperator.TRAINER_IMAGE));
    kubelet.running(pod, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
    assertThat(bench.events("spam-lora").stream().filter(event -> event.contains("image")))
        .hasSize(1);
  }

  @Test
  void aPodThatRanOutOfMemorySaysItsLimit() {
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    Pod pod = kubelet.podOf(job);
    kubelet.ended(pod, "trainer", 137, "OOMKilled", null);
    FineTuneJob retrying = bench.fineTune("spam-lora", fineTuneIs("Retrying"));
    assertThat(message(conditions(retrying), "Ready")).contains("ran out of memory");
    kubelet.fail(job, "BackoffLimitExceeded", 4);
    FineTuneJob failed = bench.fineTune("spam-lora", fineTuneIs("Failed"));
    assertThat(message(conditions(failed), "Ready"))
        .isEqualTo(
            "ran out of memory at its limit of 4Gi; raise spec.resources.memory together with a new"
                + " value of spec.rerun, or lower spec.training.batchSize in another resource (4"
                + " pods failed)");
    assertThat(failed.getStatus().failure().reason()).isEqualTo("OutOfMemory");
    assertThat(failed.getStatus().completionTime()).isNotNull();
    // What the sentence says is taken, and makes another run.
    bench.patch(
        FineTuneJob.class,
        "spam-lora",
        "{\"spec\":{\"resources\":{\"memory\":\"8Gi\"},\"rerun\":\"with more memory\"}}");
    FineTuneJob again = bench.fineTune("spam-lora", fineTuneIs("Pending"));
    Job next = bench.await(Job.class, again.getStatus().job().name(), found -> true);
    assertThat(next.getMetadata().getUid()).isNotEqualTo(job.getMetadata().getUid());
    assertThat(
            next.getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .getFirst()
                .getResources()
                .getLimits())
        .containsEntry("memory", new Quantity("8Gi"));
  }

  @Test
  void theSentenceOfThePodIsTheSentenceOfTheConditionAndOutlivesTheJob() {
    bench.apply(Workbench.FINE_TUNE);
    Job job = bench.job("spam-lora");
    Pod pod = kubelet.podOf(job);
    String told =
        "The training data has no column \\\"label\\\"; name the right one in"
            + " spec.dataset.columns.label.";
    kubelet.ended(
        pod,
        "trainer",
        64,
        "Error",
        "{\"reason\":\"DatasetColumnMissing\",\"message\":\"" + told + "\"}");
    kubelet.fail(job, "PodFailurePolicy", 1);
    FineTuneJob failed = bench.fineTune("spam-lora", fineTuneIs("Failed"));
    assertThat(message(conditions(failed), "Ready")).isEqualTo(told.replace("\\", ""));
    bench.client().resource(pod).withGracePeriod(0).delete();
    bench.client().resource(job).withGracePeriod(0).delete();
    bench.awaitGone(Job.class, job.getMetadata().getName());
    bench.patch(FineTuneJob.class, "spam-lora", "{\"spec\":{\"runPolicy\":{\"backoffLimit\":1}}}");
    FineTuneJob still =
        bench.fineTune(
            "spam-lora", found -> Long.valueOf(2).equals(found.getStatus().observedGeneration()));
    assertThat(message(conditions(still), "Ready")).isEqualTo(told.replace("\\", ""));
    assertThat(bench.jobs("spam-lora")).isEmpty();
  }

  @Test
  void aDeadlineIsNamed() {
    bench.apply(
        Workbench.FINE_TUNE, yaml -> yaml + "  runPolicy:\n    activeDeadlineSeconds: 60\n");
    Job job = bench.job("spam-lora");
    kubelet.fail(job, "DeadlineExceeded", 0);
    assertThat(message(conditions(bench.fineTune("spam-lora", fineTuneIs("Failed"))), "Ready"))
        .isEqualTo(
            "took longer than spec.runPolicy.activeDeadlineSeconds allows (60); raise it, or ask"
                + " for less work");
  }

  @Test
  void aPodThatWaitsForTooLongEndsTheRunAndHoldsNothing() {
    bench.apply(
        Workbench.FINE_TUNE, yaml -> yaml + "  runPolicy:\n    pendingDeadlineSeconds: 1\n");
    Job job = bench.job("spam-lora");
    kubelet.unschedulable(kubelet.podOf(job), "0/1 nodes are available: 1 Too many pods.");
    FineTuneJob failed = bench.fineTune("spam-lora", fineTuneIs("Failed"));
    assertThat(message(conditions(failed), "Ready"))
        .startsWith("waited longer than spec.runPolicy.pendingDeadlineSeconds allows (1): ")
        .endsWith("; raise it and give spec.rerun a new value, or ask for less");
    assertThat(failed.getStatus().failure().reason()).isEqualTo("DeadlineExceeded");
    bench.awaitGone(Job.class, job.getMetadata().getName());
    bench.patch(FineTuneJob.class, "spam-lora", "{\"spec\":{\"runPolicy\":{\"backoffLimit\":1}}}");
    FineTuneJob still =
        bench.fineTune(
            "spam-lora", found -> Long.valueOf(2).equals(found.getStatus().observedGeneration()));
    assertThat(fineTuneIs("Failed").test(still)).isTrue();
    assertThat(bench.jobs("spam-lora")).isEmpty();
  }

  @Test
  void aServerThatRefusesItsModelSaysWhy() {
    bench.apply(
        Workbench.SERVE,
        yaml ->
            yaml.replaceFirst(
                "from:\\s+kind: CompressionJob\\s+name: spam-int8", "uri: pvc://spam-filter/m"));
    Deployment deployment = bench.await(Deployment.class, "spam", found -> true);
    Pod pod = kubelet.podOf(deployment);
    kubelet.ended(pod, "server", 64, "Error", "model.onnx differs from the manifest's digest");
    kubelet.rolledOut(deployment, 0);
    InferenceDeployment stuck =
        bench.inference(
            "spam", resource -> message(conditions(resource), "Ready").contains("differs"));
    assertThat(inferenceIs("Deploying").test(stuck)).isTrue();
    assertThat(message(conditions(stuck), "Ready"))
        .isEqualTo(
            "rolls out pvc://spam-filter/m; 0 of 2 replicas are ready: model.onnx differs from the"
                + " manifest's digest");
  }
}
