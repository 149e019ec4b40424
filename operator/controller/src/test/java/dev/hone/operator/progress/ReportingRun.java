package dev.hone.operator.progress;

import dev.hone.api.FieldManagers;
import dev.hone.api.HoneApi;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.Progress;
import dev.hone.api.common.RunStatus;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A FineTuneJob with a Job and a pod, as the leader and the Job controller would make them. */
public final class ReportingRun {
  private static final int PATIENCE_SECONDS = 30;

  private final ApiServer server;
  private final KubernetesClient admin;
  final FineTuneJob resource;
  final String hash;
  final Job job;
  final Pod pod;

  private ReportingRun(ApiServer server, FineTuneJob resource, String hash) {
    this.server = server;
    this.admin = server.admin();
    this.resource = resource;
    this.hash = hash;
    this.job = admin.resource(jobOf(resource, hash)).create();
    this.pod = admin.resource(podOf(job)).create();
  }

  /** A new resource whose status names its run. */
  public static ReportingRun create(ApiServer server, String namespace, String name, String hash)
      throws IOException {
    FineTuneJob resource;
    try (InputStream yaml =
        Files.newInputStream(
            Repository.root().resolve("examples/01-spam-filter/10-finetune.yaml"))) {
      resource = server.admin().resources(FineTuneJob.class).load(yaml).item();
    }
    resource.setMetadata(new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
    FineTuneJob created = server.admin().resource(resource).create();
    ReportingRun run = new ReportingRun(server, created, hash);
    run.record();
    return run;
  }

  /** Another run of the same resource, not recorded yet. */
  ReportingRun next(String newHash) {
    return new ReportingRun(server, resource, newHash);
  }

  /** Writes the status as the leader does, with its field manager. */
  void record() {
    var status = new GenericKubernetesResource();
    status.setApiVersion(HoneApi.API_VERSION);
    status.setKind(FineTuneJob.KIND);
    status.setMetadata(
        new ObjectMetaBuilder()
            .withNamespace(namespace())
            .withName(resource.getMetadata().getName())
            .build());
    Map<String, String> condition =
        Map.of(
            "type", "Ready",
            "status", "False",
            "reason", "Running",
            "message", "runs",
            "lastTransitionTime", "2026-01-02T03:04:05Z");
    status.setAdditionalProperty(
        "status",
        Map.of(
            "conditions", List.of(condition),
            "job",
                Map.of(
                    "name", job.getMetadata().getName(),
                    "uid", job.getMetadata().getUid(),
                    "hash", hash)));
    admin
        .genericKubernetesResources(RunKind.FINE_TUNE_JOB.context())
        .inNamespace(namespace())
        .resource(status)
        .subresource("status")
        .patch(
            new PatchContext.Builder()
                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                .withFieldManager(FieldManagers.OPERATOR)
                .withForce(true)
                .build());
  }

  /** Where it is. */
  public String namespace() {
    return resource.getMetadata().getNamespace();
  }

  /** A token as the kubelet projects it into the pod. */
  public String token() {
    return token(Names.REPORT_AUDIENCE);
  }

  String token(String audience) {
    return server.podToken(
        namespace(),
        "default",
        List.of(audience),
        pod.getMetadata().getName(),
        pod.getMetadata().getUid());
  }

  /** Where its pod sends reports. */
  public String path(String report) {
    return Names.reportPath(namespace(), FineTuneJob.PLURAL, resource.getMetadata().getName())
        + "/"
        + report;
  }

  /** The resource's status as it is now. */
  public RunStatus status() {
    return admin.resource(resource).get().getStatus();
  }

  /** Waits until the status shows that progress. */
  public FineTuneJob awaitPercent(double percent) {
    return admin
        .resource(resource)
        .waitUntilCondition(
            job ->
                Optional.ofNullable(job)
                    .map(FineTuneJob::getStatus)
                    .map(RunStatus::progress)
                    .map(Progress::percent)
                    .filter(value -> value == percent)
                    .isPresent(),
            PATIENCE_SECONDS,
            TimeUnit.SECONDS);
  }

  /** The result that was kept, or nothing. */
  public @Nullable ConfigMap result() {
    return admin
        .configMaps()
        .inNamespace(namespace())
        .withName(Names.resultConfigMap(resource.getMetadata().getName(), hash))
        .get();
  }

  /** The Job's controller has given the pod this index. */
  void index(int index) {
    admin
        .resource(pod)
        .edit(
            seen ->
                new PodBuilder(seen)
                    .editMetadata()
                    .addToAnnotations(Labels.COMPLETION_INDEX, String.valueOf(index))
                    .endMetadata()
                    .build());
  }

  void deletePod() {
    admin.resource(pod).withGracePeriod(0).delete();
  }

  private static Job jobOf(FineTuneJob resource, String hash) {
    return new JobBuilder()
        .withNewMetadata()
        .withNamespace(resource.getMetadata().getNamespace())
        .withName(Names.job(resource.getMetadata().getName(), hash))
        .addNewOwnerReference()
        .withApiVersion(HoneApi.API_VERSION)
        .withKind(FineTuneJob.KIND)
        .withName(resource.getMetadata().getName())
        .withUid(resource.getMetadata().getUid())
        .withController(true)
        .endOwnerReference()
        .endMetadata()
        .withNewSpec()
        .withNewTemplate()
        .withNewSpec()
        .withRestartPolicy("Never")
        .addNewContainer()
        .withName("trainer")
        .withImage("localhost/hone-trainer:test")
        .endContainer()
        .endSpec()
        .endTemplate()
        .endSpec()
        .build();
  }

  private static Pod podOf(Job job) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(job.getMetadata().getNamespace())
        .withName(job.getMetadata().getName() + "-abcde")
        .withOwnerReferences(
            new OwnerReferenceBuilder()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(job.getMetadata().getName())
                .withUid(job.getMetadata().getUid())
                .withController(true)
                .build())
        .endMetadata()
        .withSpec(job.getSpec().getTemplate().getSpec())
        .build();
  }
}
