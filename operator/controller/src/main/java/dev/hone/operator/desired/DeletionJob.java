package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.JobResources;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirementsBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The Job that deletes what the runs of a resource have written. It has no owner reference: a
 * foreground deletion of the resource would delete it before it has done its work. Whoever lets the
 * resource go deletes it, and its time to live does if nobody is left to.
 *
 * @param owner the resource
 * @param output address that its runs wrote below
 * @param hashes hashes of its runs
 * @param image image of the trainer
 * @param pullPolicy its pull policy
 * @param resources what the pods of the runs asked for
 * @param podTemplate the user's template of them
 */
public record DeletionJob(
    Owner owner,
    String output,
    List<String> hashes,
    String image,
    String pullPolicy,
    @Nullable JobResources resources,
    @Nullable PodTemplateSpec podTemplate) {

  /** Time that a deletion may take, an image to pull and a node to find included. */
  public static final long DEADLINE_SECONDS = 600;

  private static final int TIME_TO_LIVE_SECONDS = 300;
  private static final int BACKOFF_LIMIT = 3;
  private static final Map<String, Quantity> REQUESTS =
      Map.of("cpu", new Quantity("100m"), "memory", new Quantity("128Mi"));
  private static final Map<String, Quantity> LIMITS =
      Map.of("cpu", new Quantity("500m"), "memory", new Quantity("128Mi"));

  /** The Job. */
  public Job build() {
    return new JobBuilder()
        .withNewMetadata()
        .withName(Names.deletionJob(owner.name(), owner.uid()))
        .withNamespace(owner.namespace())
        .withLabels(labels())
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(BACKOFF_LIMIT)
        .withActiveDeadlineSeconds(DEADLINE_SECONDS)
        .withTtlSecondsAfterFinished(TIME_TO_LIVE_SECONDS)
        .withPodReplacementPolicy("Failed")
        .withPodFailurePolicy(RunJob.failurePolicy())
        .withTemplate(template())
        .endSpec()
        .build();
  }

  private Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>(Labels.of(owner.kind(), owner.name()));
    labels.put(Labels.ROLE, Labels.ROLE_DELETION);
    return labels;
  }

  private PodTemplateSpec template() {
    PvcMounts claims = PvcMounts.of(List.of(), output);
    List<Volume> volumes = new ArrayList<>(claims.volumes());
    volumes.add(PodVolumes.emptyDir("hone-tmp"));
    List<VolumeMount> mounts = new ArrayList<>(claims.mounts());
    mounts.add(PodVolumes.mount("hone-tmp", "/tmp", false));
    var parts =
        new PodTemplateMerge.Parts(
            Names.TRAINER_CONTAINER,
            image,
            pullPolicy,
            labels(),
            Map.of(),
            Map.of("HONE_PVC_ROOT", PvcMounts.ROOT, "HOME", "/tmp"),
            volumes,
            mounts,
            null);
    return PodTemplateMerge.merge(base(), parts, this::force);
  }

  /**
   * Of the user's template only what a pod may need to start where the volume is, and as the user
   * whose files it deletes; no container beside ours, which would keep it from ending.
   */
  private PodTemplateSpec base() {
    PodSpec given =
        Optional.ofNullable(podTemplate).map(PodTemplateSpec::getSpec).orElseGet(PodSpec::new);
    var pod =
        new PodSpecBuilder()
            .withImagePullSecrets(given.getImagePullSecrets())
            .withServiceAccountName(given.getServiceAccountName())
            .withSecurityContext(given.getSecurityContext())
            .withNodeSelector(given.getNodeSelector())
            .withAffinity(given.getAffinity())
            .withTolerations(given.getTolerations())
            .withRestartPolicy("Never");
    PodResourceShape.tolerateGpus(pod, resources);
    given.getContainers().stream()
        .filter(container -> Names.TRAINER_CONTAINER.equals(container.getName()))
        .map(DeletionJob::base)
        .forEach(pod::addToContainers);
    return new PodTemplateSpecBuilder().withSpec(pod.build()).build();
  }

  private static Container base(Container given) {
    return new ContainerBuilder()
        .withName(given.getName())
        .withImage(given.getImage())
        .withImagePullPolicy(given.getImagePullPolicy())
        .withSecurityContext(given.getSecurityContext())
        .build();
  }

  private ContainerBuilder force(ContainerBuilder container) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "store",
                "delete",
                "--uri",
                output,
                "--kind",
                owner.kind(),
                "--name",
                owner.name()));
    hashes.forEach(hash -> arguments.addAll(List.of("--hash", hash)));
    return container
        .withArgs(arguments)
        .withResources(
            new ResourceRequirementsBuilder().withRequests(REQUESTS).withLimits(LIMITS).build())
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File");
  }
}
