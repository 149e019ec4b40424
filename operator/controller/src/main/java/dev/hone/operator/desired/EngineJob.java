package dev.hone.operator.desired;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.engine.EngineBuildSpec;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The Job that builds an engine, on a node of its class, with the image that will load it.
 *
 * @param owner the EngineBuild, which is named by the engine's key
 * @param spec its spec
 * @param image image of the server
 * @param pullPolicy its pull policy
 */
public record EngineJob(Owner owner, EngineBuildSpec spec, String image, String pullPolicy) {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .serializationInclusion(JsonInclude.Include.NON_EMPTY)
          .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
          .build();

  private static final String REPOSITORY = "/models";
  private static final String COMMAND = "build-engine";

  /** A builder that fails on a loaded node may do better on another. */
  private static final int BACKOFF_LIMIT = 2;

  /** TensorRT may take hours over a large model, and never days. */
  private static final long DEADLINE_SECONDS = 6L * 3600;

  /** The Job. */
  public Job build() {
    Map<String, String> labels = Labels.of(owner.kind(), owner.name());
    return new JobBuilder()
        .withNewMetadata()
        .withName(owner.name())
        .withNamespace(owner.namespace())
        .withLabels(labels)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withBackoffLimit(BACKOFF_LIMIT)
        .withActiveDeadlineSeconds(DEADLINE_SECONDS)
        .withPodReplacementPolicy("Failed")
        .withPodFailurePolicy(RunJob.failurePolicy(Names.SERVER_CONTAINER))
        .withTemplate(template(labels))
        .endSpec()
        .build();
  }

  private PodTemplateSpec template(Map<String, String> labels) {
    PvcUri model = pvc(spec.model().uri());
    // The whole claim, for a folder below it that is not there yet would be made by root.
    PvcMounts claims = PvcMounts.of(List.of(), spec.model().uri());
    String volume = claims.volumes().getFirst().getName();
    List<Volume> volumes = new ArrayList<>(claims.volumes());
    volumes.add(PodVolumes.emptyDir("hone-tmp"));
    List<VolumeMount> mounts = new ArrayList<>(claims.mounts());
    mounts.add(PodVolumes.mount("hone-tmp", "/tmp", false));
    mounts.add(
        new VolumeMountBuilder()
            .withName(volume)
            .withMountPath(REPOSITORY + "/model/1")
            .withSubPath(model.path().isEmpty() ? null : model.path())
            .withReadOnly(true)
            .build());
    Map<String, String> env = new TreeMap<>(place(owner.name(), spec));
    env.put("HONE_MODEL_REPOSITORY", REPOSITORY);
    env.put("HONE_ENGINE_SPEC", key());
    var parts =
        new PodTemplateMerge.Parts(
            Names.SERVER_CONTAINER,
            image,
            pullPolicy,
            labels,
            Map.of(),
            env,
            volumes,
            mounts,
            null);
    PodTemplateSpec merged = PodTemplateMerge.merge(spec.podTemplate(), parts, EngineJob::force);
    return new PodTemplateSpecBuilder(merged)
        .withSpec(EngineAffinity.place(merged.getSpec(), List.of(spec.target())))
        .editSpec()
        .withRestartPolicy("Never")
        .endSpec()
        .build();
  }

  /** The variables that say where an engine stands, if its claim is mounted whole. */
  static Map<String, String> place(String key, EngineBuildSpec spec) {
    PvcUri engine = pvc(Names.engineUri(spec.model().uri(), key));
    String folder = engine.path().substring(0, engine.path().lastIndexOf('/'));
    return Map.of(
        "HONE_ENGINE_KEY",
        key,
        "HONE_ENGINES",
        PvcMounts.ROOT + "/" + engine.claim() + "/" + folder);
  }

  private static ContainerBuilder force(ContainerBuilder container) {
    return container
        .withArgs(COMMAND)
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File");
  }

  /** The parts of the key alone. */
  private String key() {
    EngineBuildSpec parts =
        new EngineBuildSpec(
            spec.model(), spec.runtime(), spec.target(), spec.profile(), spec.options(), null);
    try {
      return JSON.writeValueAsString(parts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("records of texts and numbers are always JSON", e);
    }
  }

  private static PvcUri pvc(String uri) {
    return PvcUri.parse(uri)
        .orElseThrow(() -> new IllegalArgumentException("not on a volume: " + uri));
  }
}
