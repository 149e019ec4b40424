package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.RunPolicy;
import dev.hone.api.common.SecretReference;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvFromSource;
import io.fabric8.kubernetes.api.model.EnvFromSourceBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpecBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicy;
import io.fabric8.kubernetes.api.model.batch.v1.PodFailurePolicyBuilder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The Job that carries out one run.
 *
 * @param owner the resource
 * @param hash the run's hash
 * @param image image of the trainer
 * @param pullPolicy its pull policy
 * @param inputs addresses that are read
 * @param secrets Secrets that they are read with
 * @param output address that is written to
 * @param resources what the pod asks for
 * @param policy when the run may go on
 * @param queue the queue that Kueue starts it from
 * @param podTemplate the user's template
 */
public record RunJob(
    Owner owner,
    String hash,
    String image,
    String pullPolicy,
    Collection<String> inputs,
    Collection<SecretReference> secrets,
    String output,
    @Nullable JobResources resources,
    @Nullable RunPolicy policy,
    @Nullable Queue queue,
    @Nullable PodTemplateSpec podTemplate) {

  /** Failed pods before a run counts as failed, where the policy says nothing. */
  public static final int DEFAULT_BACKOFF_LIMIT = 3;

  /** Exit code of a pod that would fail again the same way. */
  static final int NEVER_RETRY = 64;

  /** Annotation of pods with the addresses that they read, apart by spaces. */
  public static final String INPUTS_ANNOTATION = "hone.dev/inputs";

  static final String CONFIG_FOLDER = "/etc/hone";
  static final String WORKSPACE = "/workspace";

  /** Folder of the token that the pod reports with. */
  public static final String TOKEN_FOLDER = "/var/run/secrets/hone";

  /** File of the token that the pod reports with. */
  public static final String TOKEN_FILE = TOKEN_FOLDER + "/token";

  /** File of the operator's certificate authority. */
  public static final String CA_FILE = CONFIG_FOLDER + "/" + Names.CA_KEY;

  private static final long TOKEN_SECONDS = 600;

  /** Time to save a checkpoint after SIGTERM, where the template says nothing. */
  private static final long GRACE_SECONDS = 120;

  /** The Job. */
  public Job build() {
    int nodes = RunGroup.nodes(resources);
    JobSpecBuilder spec =
        new JobSpecBuilder()
            .withParallelism(nodes)
            .withCompletions(nodes)
            // What has a queue is started by Kueue alone.
            .withSuspend(suspend(policy) || queue != null)
            .withBackoffLimit(backoffLimit(policy, resources))
            .withActiveDeadlineSeconds(policy == null ? null : policy.activeDeadlineSeconds())
            .withTtlSecondsAfterFinished(policy == null ? null : policy.ttlSecondsAfterFinished())
            // Two pods of one run must never write at once.
            .withPodReplacementPolicy("Failed")
            .withPodFailurePolicy(failurePolicy())
            .withTemplate(template(nodes));
    if (nodes > 1) {
      RunGroup.indexed(spec);
    }
    return new JobBuilder()
        .withNewMetadata()
        .withName(Names.job(owner.name(), hash))
        .withNamespace(owner.namespace())
        .withLabels(labels())
        .addToLabels(queueLabels())
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withSpec(spec.build())
        .build();
  }

  /** Whether the policy holds the run. */
  public static boolean suspend(@Nullable RunPolicy policy) {
    return policy != null && Boolean.TRUE.equals(policy.suspend());
  }

  /** Whether the policy ends the run for good. */
  public static boolean cancel(@Nullable RunPolicy policy) {
    return policy != null && Boolean.TRUE.equals(policy.cancel());
  }

  /** Failed pods before the run counts as failed, by all of its nodes. */
  public static int backoffLimit(@Nullable RunPolicy policy, @Nullable JobResources resources) {
    int tries =
        policy == null || policy.backoffLimit() == null
            ? DEFAULT_BACKOFF_LIMIT
            : policy.backoffLimit();
    return RunGroup.backoffLimit(tries, RunGroup.nodes(resources));
  }

  /** A run that is held gets its queue when it is released: Kueue would not know of the hold. */
  private Map<String, String> queueLabels() {
    return queue == null || suspend(policy) ? Map.of() : queue.labels();
  }

  private Map<String, String> labels() {
    return Labels.of(owner.kind(), owner.name(), hash);
  }

  /** Never starts again what would fail the same way, and does not count what the node did. */
  static PodFailurePolicy failurePolicy() {
    return failurePolicy(Names.TRAINER_CONTAINER);
  }

  /**
   * What of the failures of such a container no other pod would cure, and what says nothing of it.
   */
  static PodFailurePolicy failurePolicy(String container) {
    return new PodFailurePolicyBuilder()
        .addNewRule()
        .withAction("FailJob")
        .withNewOnExitCodes()
        .withContainerName(container)
        .withOperator("In")
        .withValues(NEVER_RETRY)
        .endOnExitCodes()
        .endRule()
        .addNewRule()
        .withAction("Ignore")
        .addNewOnPodCondition()
        .withType("DisruptionTarget")
        .withStatus("True")
        .endOnPodCondition()
        .endRule()
        .build();
  }

  private PodTemplateSpec template(int nodes) {
    PvcMounts claims = PvcMounts.of(inputs, output);
    List<Volume> volumes = new ArrayList<>();
    volumes.add(
        new VolumeBuilder()
            .withName("hone-config")
            .withNewConfigMap()
            .withName(Names.jobConfigMap(owner.name(), hash))
            .endConfigMap()
            .build());
    volumes.add(token());
    volumes.add(PodVolumes.emptyDir("hone-workspace"));
    volumes.add(PodVolumes.emptyDir("hone-tmp"));
    volumes.addAll(claims.volumes());
    List<VolumeMount> mounts = new ArrayList<>();
    mounts.add(PodVolumes.mount("hone-config", CONFIG_FOLDER, true));
    mounts.add(PodVolumes.mount("hone-token", TOKEN_FOLDER, true));
    mounts.add(PodVolumes.mount("hone-workspace", WORKSPACE, false));
    mounts.add(PodVolumes.mount("hone-tmp", "/tmp", false));
    mounts.addAll(claims.mounts());
    var parts =
        new PodTemplateMerge.Parts(
            Names.TRAINER_CONTAINER,
            image,
            pullPolicy,
            labels(),
            Map.of(INPUTS_ANNOTATION, String.join(" ", new TreeSet<>(inputs))),
            env(nodes),
            volumes,
            mounts,
            resources);
    PodTemplateSpec merged = PodTemplateMerge.merge(podTemplate, parts, this::force);
    var spec = new PodTemplateSpecBuilder(merged).editSpec().withRestartPolicy("Never");
    if (!spec.hasTerminationGracePeriodSeconds()) {
      spec.withTerminationGracePeriodSeconds(GRACE_SECONDS);
    }
    if (nodes > 1) {
      spec.withSubdomain(Names.jobService(owner.name(), hash));
    }
    return spec.endSpec().build();
  }

  private ContainerBuilder force(ContainerBuilder container) {
    return container
        .addAllToEnvFrom(secrets.stream().map(RunJob::variables).toList())
        .withArgs("run", "--config", CONFIG_FOLDER + "/" + Names.JOB_CONFIG_KEY)
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File");
  }

  /** The kubelet reads the Secret itself: the operator never sees what is in it. */
  private static EnvFromSource variables(SecretReference secret) {
    return new EnvFromSourceBuilder()
        .withPrefix(secret.variablePrefix())
        .withNewSecretRef(secret.name(), null)
        .build();
  }

  private Map<String, String> env(int nodes) {
    Map<String, String> env = new TreeMap<>();
    env.put("HONE_WORKSPACE", WORKSPACE);
    env.put("HONE_PVC_ROOT", PvcMounts.ROOT);
    env.put("HOME", WORKSPACE + "/home");
    env.put("HF_HOME", WORKSPACE + "/huggingface");
    if (nodes > 1) {
      env.putAll(RunGroup.env(owner, hash));
    }
    return env;
  }

  private static Volume token() {
    return new VolumeBuilder()
        .withName("hone-token")
        .withNewProjected()
        .addNewSource()
        .withNewServiceAccountToken()
        .withAudience(Names.REPORT_AUDIENCE)
        .withExpirationSeconds(TOKEN_SECONDS)
        .withPath("token")
        .endServiceAccountToken()
        .endSource()
        .endProjected()
        .build();
  }
}
