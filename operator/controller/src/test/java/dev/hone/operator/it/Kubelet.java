package dev.hone.operator.it;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.BindingBuilder;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ContainerStateBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodConditionBuilder;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobConditionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Plays what a bare API server lacks: the scheduler, the kubelet, the controllers of Jobs and
 * Deployments.
 */
final class Kubelet {

  private static final AtomicInteger PODS = new AtomicInteger();

  private final KubernetesClient client;

  Kubelet(KubernetesClient client) {
    this.client = client;
  }

  /** Makes a node that is ready for pods. */
  Node node(String name, Map<String, String> labels) {
    Node node =
        client
            .resource(
                new NodeBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .withLabels(labels)
                    .endMetadata()
                    .build())
            .create();
    // The API server taints every node that is new; the node's controller takes that back.
    return client
        .resource(node)
        .edit(seen -> new NodeBuilder(seen).editSpec().withTaints().endSpec().build());
  }

  /** Makes the pod of a Job. */
  Pod podOf(Job job) {
    live(job)
        .editStatus(
            seen -> {
              if (seen.getStatus().getStartTime() == null) {
                seen.getStatus().setStartTime(now());
              }
              seen.getStatus().setActive(1);
              return seen;
            });
    return pod(
        job,
        "batch/v1",
        "Job",
        job.getSpec().getTemplate(),
        Map.of("job-name", job.getMetadata().getName()));
  }

  /** Makes the pod of an index of an Indexed Job. */
  Pod podOf(Job job, int index) {
    Pod pod = podOf(job);
    return live(pod)
        .edit(
            seen ->
                new PodBuilder(seen)
                    .editMetadata()
                    .addToAnnotations(Labels.COMPLETION_INDEX, String.valueOf(index))
                    .endMetadata()
                    .build());
  }

  /** Makes a pod of a Deployment. */
  Pod podOf(Deployment deployment) {
    return pod(deployment, "apps/v1", "Deployment", deployment.getSpec().getTemplate(), Map.of());
  }

  private Pod pod(
      HasMetadata owner,
      String apiVersion,
      String kind,
      PodTemplateSpec template,
      Map<String, String> labels) {
    return client
        .resource(
            new PodBuilder()
                .withMetadata(template.getMetadata())
                .editMetadata()
                .withName(owner.getMetadata().getName() + "-" + PODS.incrementAndGet())
                .withNamespace(owner.getMetadata().getNamespace())
                .addToLabels(labels)
                .withOwnerReferences(
                    new OwnerReferenceBuilder()
                        .withApiVersion(apiVersion)
                        .withKind(kind)
                        .withName(owner.getMetadata().getName())
                        .withUid(owner.getMetadata().getUid())
                        .withController(true)
                        .build())
                .endMetadata()
                .withSpec(new PodSpecBuilder(template.getSpec()).build())
                .build())
        .create();
  }

  /**
   * Tries to make the pod of a Job, which the API server must refuse, and tells of it as the
   * controller of Jobs does.
   */
  void refused(Job job) {
    try {
      podOf(job);
    } catch (KubernetesClientException e) {
      warn(job, "FailedCreate", "Error creating: " + e.getStatus().getMessage());
      return;
    }
    throw new AssertionError("the API server took the pod of " + job.getMetadata().getName());
  }

  /** The pod has a node, and its volumes are being mounted. */
  void scheduled(Pod pod) {
    client
        .resource(
            new BindingBuilder()
                .withNewMetadata()
                .withName(pod.getMetadata().getName())
                .withNamespace(pod.getMetadata().getNamespace())
                .endMetadata()
                .withTarget(new ObjectReferenceBuilder().withKind("Node").withName("node").build())
                .build())
        .create();
  }

  /** A component of the cluster tells of trouble with an object. */
  void warn(HasMetadata about, String reason, String message) {
    client
        .resource(
            new EventBuilder()
                .withNewMetadata()
                .withGenerateName(about.getMetadata().getName() + ".")
                .withNamespace(about.getMetadata().getNamespace())
                .endMetadata()
                .withType("Warning")
                .withReason(reason)
                .withMessage(message)
                .withFirstTimestamp(now())
                .withLastTimestamp(now())
                .withInvolvedObject(
                    new ObjectReferenceBuilder()
                        .withApiVersion(about.getApiVersion())
                        .withKind(about.getKind())
                        .withName(about.getMetadata().getName())
                        .withNamespace(about.getMetadata().getNamespace())
                        .withUid(about.getMetadata().getUid())
                        .build())
                .build())
        .create();
  }

  /** The scheduler finds no node. */
  void unschedulable(Pod pod, String message) {
    live(pod)
        .editStatus(
            seen ->
                new PodBuilder(seen)
                    .editStatus()
                    .withConditions(
                        new PodConditionBuilder()
                            .withType("PodScheduled")
                            .withStatus("False")
                            .withReason("Unschedulable")
                            .withMessage(message)
                            .build())
                    .endStatus()
                    .build());
  }

  /** A container waits. */
  void waiting(Pod pod, String container, String reason, String message) {
    status(
        pod,
        "Pending",
        container,
        new ContainerStateBuilder()
            .withNewWaiting()
            .withReason(reason)
            .withMessage(message)
            .endWaiting(),
        false,
        null);
  }

  /** A container runs. */
  void running(Pod pod, String container) {
    status(
        pod,
        "Running",
        container,
        new ContainerStateBuilder().withNewRunning().withStartedAt(now()).endRunning(),
        true,
        "127.0.0.1");
  }

  /** A container has ended. */
  void ended(Pod pod, String container, int exitCode, String reason, @Nullable String message) {
    status(
        pod,
        exitCode == 0 ? "Succeeded" : "Failed",
        container,
        new ContainerStateBuilder()
            .withNewTerminated()
            .withExitCode(exitCode)
            .withReason(reason)
            .withMessage(message)
            .endTerminated(),
        false,
        null);
  }

  /** An init container has ended and is to be started again. */
  void initEnded(Pod pod, String container, int exitCode, String message) {
    live(pod)
        .editStatus(
            seen ->
                new PodBuilder(seen)
                    .editOrNewStatus()
                    .withPhase("Pending")
                    .withInitContainerStatuses(
                        new ContainerStatusBuilder()
                            .withName(container)
                            .withImage("image")
                            .withImageID("")
                            .withReady(false)
                            .withRestartCount(1)
                            .withNewState()
                            .withNewWaiting()
                            .withReason("CrashLoopBackOff")
                            .endWaiting()
                            .endState()
                            .withNewLastState()
                            .withNewTerminated()
                            .withExitCode(exitCode)
                            .withMessage(message)
                            .endTerminated()
                            .endLastState()
                            .build())
                    .endStatus()
                    .build());
  }

  private void status(
      Pod pod,
      String phase,
      String container,
      ContainerStateBuilder state,
      boolean ready,
      @Nullable String ip) {
    live(pod)
        .editStatus(
            seen ->
                new PodBuilder(seen)
                    .editOrNewStatus()
                    .withPhase(phase)
                    .withPodIP(ip)
                    .withConditions(
                        new PodConditionBuilder()
                            .withType("Ready")
                            .withStatus(ready ? "True" : "False")
                            .build())
                    .withContainerStatuses(
                        new ContainerStatusBuilder()
                            .withName(container)
                            .withImage("image")
                            .withImageID("")
                            .withReady(ready)
                            .withRestartCount(0)
                            .withState(state.build())
                            .build())
                    .endStatus()
                    .build());
  }

  /** What the report endpoint keeps of a finished run: the contract's sample, for this run. */
  String result(Job job, String sample, String artifactUri, String digest) {
    return result(job, sample, artifactUri, digest, false);
  }

  String result(Job job, String sample, String artifactUri, String digest, boolean reused) {
    Map<String, String> labels = job.getMetadata().getLabels();
    String hash = labels.get(Labels.SPEC_HASH);
    String name = labels.get(Labels.NAME);
    String json =
        sample(sample)
            .replaceAll("\"hash\": \"[^\"]*\"", "\"hash\": \"" + hash + "\"")
            .replaceFirst("\"reused\": false", "\"reused\": " + reused)
            .replaceFirst("\"uri\": \"[^\"]*\"", "\"uri\": \"" + artifactUri + "\"")
            .replaceFirst("\"digest\": \"[^\"]*\"", "\"digest\": \"" + digest + "\"");
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName(Names.resultConfigMap(name, hash))
                .withNamespace(job.getMetadata().getNamespace())
                .withLabels(labels)
                .addToLabels(Labels.ROLE, Labels.ROLE_RESULT)
                .withOwnerReferences(job.getMetadata().getOwnerReferences())
                .endMetadata()
                .withImmutable(true)
                .withData(Map.of(Names.RESULT_KEY, json))
                .build())
        .create();
    return json;
  }

  private static String sample(String name) {
    try {
      return Files.readString(
          Repository.root()
              .resolve("operator/api/src/main/resources/contract/v1/samples/valid")
              .resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The Job's pod ended well. */
  void succeed(Job job) {
    condition(job, List.of("SuccessCriteriaMet", "Complete"), "CompletionsReached", 0);
  }

  /** The Job gave up. */
  void fail(Job job, String reason, int failedPods) {
    condition(job, List.of("FailureTarget", "Failed"), reason, failedPods);
  }

  private void condition(Job job, List<String> types, String reason, int failed) {
    live(job)
        .editStatus(
            seen -> {
              var status = seen.getStatus();
              if (status.getStartTime() == null) {
                status.setStartTime(now());
              }
              status.setActive(null);
              status.setReady(0);
              status.setTerminating(0);
              status.setUncountedTerminatedPods(null);
              if (types.contains("Complete")) {
                status.setSucceeded(1);
                status.setCompletionTime(now());
              } else {
                status.setFailed(failed);
              }
              status.setConditions(
                  types.stream()
                      .map(
                          type ->
                              new JobConditionBuilder()
                                  .withType(type)
                                  .withStatus("True")
                                  .withReason(reason)
                                  .withMessage("said by the test")
                                  .withLastTransitionTime(now())
                                  .build())
                      .toList());
              return seen;
            });
  }

  /** The rollout of a Deployment has gone as far as this. */
  void rolledOut(Deployment deployment, int ready) {
    while (!observed(deployment, ready)) {
      // Somebody has written the Deployment in between: as its controller does, look again.
    }
  }

  private boolean observed(Deployment deployment, int ready) {
    try {
      live(deployment)
          .editStatus(
              seen -> {
                int wanted = seen.getSpec().getReplicas();
                seen.setStatus(
                    new DeploymentStatusBuilder()
                        .withObservedGeneration(seen.getMetadata().getGeneration())
                        .withReplicas(wanted)
                        .withUpdatedReplicas(wanted)
                        .withReadyReplicas(ready)
                        .withAvailableReplicas(ready)
                        .withUnavailableReplicas(wanted - ready)
                        .build());
                return seen;
              });
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      return false;
    }
  }

  /** The object as it is now, whatever version the test holds. */
  private <T extends HasMetadata> Resource<T> live(T object) {
    return client.resource(client.resource(object).get());
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }
}
