package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.PodResources;
import dev.hone.api.engine.EngineBuildSpec;
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
 * The Job that deletes what a resource has had written to a volume. It has no owner reference: a
 * foreground deletion of the resource would delete it before it has done its work. Whoever lets the
 * resource go deletes it, and its time to live does if nobody is left to.
 *
 * @param owner the resource
 * @param volume an address on the volume
 * @param command what deletes
 * @param image image of it
 * @param pullPolicy its pull policy
 * @param resources what the pods that wrote asked for
 * @param podTemplate the template of them
 */
public record DeletionJob(
    Owner owner,
    String volume,
    Command command,
    String image,
    String pullPolicy,
    @Nullable PodResources resources,
    @Nullable PodTemplateSpec podTemplate) {

  /** Time that a deletion may take, an image to pull and a node to find included. */
  public static final long DEADLINE_SECONDS = 600;

  private static final int TIME_TO_LIVE_SECONDS = 300;
  private static final int BACKOFF_LIMIT = 3;

  /**
   * What deletes.
   *
   * @param container name of its container
   * @param arguments its arguments
   * @param environment its variables
   * @param memory what it needs
   */
  public record Command(
      String container, List<String> arguments, Map<String, String> environment, String memory) {

    public Command {
      arguments = List.copyOf(arguments);
      environment = Map.copyOf(environment);
    }
  }

  /**
   * Of what the runs of a resource have written.
   *
   * @param owner the resource
   * @param output address that its runs wrote below
   * @param hashes hashes of its runs
   * @param image image of the trainer
   * @param pullPolicy its pull policy
   * @param resources what the pods of the runs asked for
   * @param podTemplate the user's template of them
   */
  public static DeletionJob ofRuns(
      Owner owner,
      String output,
      List<String> hashes,
      String image,
      String pullPolicy,
      @Nullable PodResources resources,
      @Nullable PodTemplateSpec podTemplate) {
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
    return new DeletionJob(
        owner,
        output,
        new Command(
            Names.TRAINER_CONTAINER,
            arguments,
            Map.of("HONE_PVC_ROOT", PvcMounts.ROOT, "HOME", "/tmp"),
            "128Mi"),
        image,
        pullPolicy,
        resources,
        podTemplate);
  }

  /**
   * Of an engine.
   *
   * @param owner the EngineBuild, which is named by the engine's key
   * @param spec its spec
   * @param image image of the server
   * @param pullPolicy its pull policy
   */
  public static DeletionJob ofEngine(
      Owner owner, EngineBuildSpec spec, String image, String pullPolicy) {
    return new DeletionJob(
        owner,
        spec.model().uri(),
        new Command(
            Names.SERVER_CONTAINER,
            List.of("delete-engine"),
            EngineJob.place(owner.name(), spec),
            "256Mi"),
        image,
        pullPolicy,
        null,
        spec.podTemplate());
  }

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
        .withPodFailurePolicy(RunJob.failurePolicy(command.container()))
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
    PvcMounts claims = PvcMounts.of(List.of(), volume);
    List<Volume> volumes = new ArrayList<>(claims.volumes());
    volumes.add(PodVolumes.emptyDir("hone-tmp"));
    List<VolumeMount> mounts = new ArrayList<>(claims.mounts());
    mounts.add(PodVolumes.mount("hone-tmp", "/tmp", false));
    var parts =
        new PodTemplateMerge.Parts(
            command.container(),
            image,
            pullPolicy,
            labels(),
            Map.of(),
            command.environment(),
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
        .filter(container -> command.container().equals(container.getName()))
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
    Quantity memory = new Quantity(command.memory());
    return container
        .withArgs(command.arguments())
        .withResources(
            new ResourceRequirementsBuilder()
                .withRequests(Map.of("cpu", new Quantity("100m"), "memory", memory))
                .withLimits(Map.of("cpu", new Quantity("500m"), "memory", memory))
                .build())
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File");
  }
}
