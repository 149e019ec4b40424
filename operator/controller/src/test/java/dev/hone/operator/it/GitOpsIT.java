package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.compressionIs;
import static dev.hone.operator.it.Workbench.fineTuneIs;
import static dev.hone.operator.it.Workbench.inferenceIs;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatObject;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.HoneApi;
import dev.hone.testing.apiserver.Repository;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The main example kept in git: applied with Argo CD's field manager and tracking marks, carried
 * out to its end, and compared three ways with what was applied.
 */
@WithApiServer
class GitOpsIT extends OperatorTest {

  private static final String ARGO = "argocd-controller";
  private static final String APPLICATION = "models";
  private static final String TRACKING_ID = "argocd.argoproj.io/tracking-id";
  private static final String TRACKING_LABEL = "argocd.argoproj.io/instance";
  private static final String INSTANCE_LABEL = "app.kubernetes.io/instance";

  /** What the API server itself writes into metadata. */
  private static final List<String> OF_THE_SERVER =
      List.of(
          "uid",
          "resourceVersion",
          "generation",
          "creationTimestamp",
          "managedFields",
          "namespace");

  private final List<String> files =
      List.of(Workbench.FINE_TUNE, Workbench.COMPRESS, Workbench.SERVE);

  /** The server writes 1.0 as 1. */
  private static final Comparator<JsonNode> SAME_NUMBERS =
      (one, other) ->
          one.isNumber() && other.isNumber()
              ? one.decimalValue().compareTo(other.decimalValue())
              : one.equals(other) ? 0 : 1;

  @Test
  void nothingThatTheOperatorWritesStandsInAManifestAndASyncChangesNothing() {
    files.forEach(file -> sync(file));
    Job training = bench.job("spam-lora");
    Pod pod = kubelet.podOf(training);
    kubelet.running(pod, "trainer");
    bench.fineTune("spam-lora", fineTuneIs("Running"));
    files.forEach(this::isInSync);
    kubelet.result(training, "result.finetune.json", "pvc://spam-filter/artifacts/x", DIGEST_A);
    kubelet.ended(pod, "trainer", 0, "Completed", null);
    kubelet.succeed(training);
    bench.fineTune("spam-lora", fineTuneIs("Completed"));
    Job compressing = bench.job("spam-int8");
    kubelet.result(compressing, "result.compress.json", "pvc://spam-filter/artifacts/y", DIGEST_B);
    kubelet.succeed(compressing);
    bench.compression("spam-int8", compressionIs("Completed"));
    Deployment deployment = bench.await(Deployment.class, "spam", found -> true);
    kubelet.rolledOut(deployment, 2);
    bench.inference("spam", inferenceIs("Available"));
    files.forEach(this::isInSync);
    assertThat(children())
        .extracting(HasMetadata::getKind)
        .contains("Job", "ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "Pod");
    assertThat(children()).allSatisfy(GitOpsIT::isNotTracked);
  }

  @Test
  void theFinalizerOfADeletionPolicyIsAllThatIsAdded() {
    String yaml = "  output:\n    deletionPolicy: Delete\n";
    GenericKubernetesResource manifest =
        manifest(read(Workbench.FINE_TUNE).replace("  output:\n", yaml));
    apply(manifest);
    bench.fineTune("spam-lora", job -> job.hasFinalizer(HoneApi.ARTIFACTS_FINALIZER));
    bench.fineTune("spam-lora", fineTuneIs("Pending"));
    GenericKubernetesResource live = live(manifest);
    assertThat(live.getMetadata().getFinalizers()).containsExactly(HoneApi.ARTIFACTS_FINALIZER);
    live.getMetadata().setFinalizers(List.of());
    assertThat(comparable(live)).isEqualTo(comparable(manifest));
    GenericKubernetesResource synced = apply(manifest);
    isNoWrite(live, synced);
    assertThat(synced.getMetadata().getFinalizers()).containsExactly(HoneApi.ARTIFACTS_FINALIZER);
  }

  private void sync(String file) {
    apply(manifest(read(file)));
  }

  /** As Argo CD does it: server-side, and without force, so that a field of ours would be said. */
  private GenericKubernetesResource apply(GenericKubernetesResource manifest) {
    return bench
        .client()
        .resource(manifest)
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(ARGO)
                .withForce(false)
                .build());
  }

  private GenericKubernetesResource manifest(String yaml) {
    GenericKubernetesResource manifest =
        Serialization.unmarshal(yaml, GenericKubernetesResource.class);
    var metadata = manifest.getMetadata();
    metadata.setNamespace(bench.namespace());
    metadata.setLabels(Map.of(TRACKING_LABEL, APPLICATION, INSTANCE_LABEL, APPLICATION));
    metadata.setAnnotations(
        Map.of(
            TRACKING_ID,
            "%s:hone.dev/%s:%s/%s"
                .formatted(
                    APPLICATION, manifest.getKind(), bench.namespace(), metadata.getName())));
    return manifest;
  }

  private GenericKubernetesResource live(GenericKubernetesResource manifest) {
    return bench.client().resource(manifest).get();
  }

  private void isInSync(String file) {
    GenericKubernetesResource manifest = manifest(read(file));
    GenericKubernetesResource live = live(manifest);
    assertThatObject(comparable(live))
        .as(file)
        .usingEquals((found, wanted) -> found.equals(SAME_NUMBERS, wanted))
        .isEqualTo(comparable(manifest));
    assertThat(live.getMetadata().getManagedFields())
        .filteredOn(entry -> !ARGO.equals(entry.getManager()))
        .as("others write the status alone")
        .isNotEmpty()
        .allSatisfy(
            entry ->
                assertThat(entry.getFieldsV1().getAdditionalProperties())
                    .containsOnlyKeys("f:status"));
    isNoWrite(live, apply(manifest));
  }

  /**
   * The next sync is neither a conflict nor a change; the operator may write the status meanwhile.
   */
  private static void isNoWrite(GenericKubernetesResource before, GenericKubernetesResource after) {
    assertThat(after.getMetadata().getGeneration()).isEqualTo(before.getMetadata().getGeneration());
    assertThat(ofArgo(after)).hasSize(1).isEqualTo(ofArgo(before));
  }

  /** With the time of the last change. */
  private static List<ManagedFieldsEntry> ofArgo(GenericKubernetesResource resource) {
    return resource.getMetadata().getManagedFields().stream()
        .filter(entry -> ARGO.equals(entry.getManager()))
        .toList();
  }

  /** What is compared between git and cluster: everything but the status and the server's own. */
  private static JsonNode comparable(GenericKubernetesResource resource) {
    ObjectNode tree = Serialization.jsonMapper().valueToTree(resource);
    tree.remove("status");
    ObjectNode metadata = (ObjectNode) tree.get("metadata");
    metadata.remove(OF_THE_SERVER);
    return tree;
  }

  private List<HasMetadata> children() {
    return bench
        .objects(
            List.of(
                Job.class,
                ConfigMap.class,
                Pod.class,
                Service.class,
                Deployment.class,
                PodDisruptionBudget.class))
        .toList();
  }

  private static void isNotTracked(HasMetadata child) {
    Map<String, String> labels = child.getMetadata().getLabels();
    assertThat(labels == null ? Map.<String, String>of() : labels)
        .doesNotContainKey(TRACKING_LABEL)
        .doesNotContainEntry(INSTANCE_LABEL, APPLICATION);
    Map<String, String> annotations = child.getMetadata().getAnnotations();
    assertThat(annotations == null ? Map.<String, String>of() : annotations)
        .doesNotContainKey(TRACKING_ID);
  }

  private static String read(String file) {
    try {
      return Files.readString(Repository.root().resolve("examples/01-spam-filter").resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
