package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.ServedModel;
import dev.hone.api.inference.Tracing;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the objects of an InferenceDeployment are made from.
 *
 * @param owner the resource
 * @param model the model that is served
 * @param replicas number of pods; null where an autoscaler decides it
 * @param backend what serves it
 * @param images the images of the pods
 * @param resources what each pod asks for
 * @param podTemplate the user's template
 * @param version hash of the version, where a rollout has several side by side; null where there is
 *     one Deployment for whatever is served
 * @param settings variables that follow from the spec: of the server, or of what writes Triton's
 *     model repository
 * @param engines the engines that it loads; the pods run where one of them does
 * @param access what those need who send it requests
 * @param tracing where its traces go; null for nowhere
 */
public record Serving(
    Owner owner,
    ServedModel model,
    @Nullable Integer replicas,
    Backend backend,
    ServingImages images,
    @Nullable ServingResources resources,
    @Nullable PodTemplateSpec podTemplate,
    @Nullable String version,
    Map<String, String> settings,
    List<PlacedEngine> engines,
    PodAccess access,
    @Nullable Tracing tracing) {

  public Serving {
    settings = Map.copyOf(settings);
    engines = List.copyOf(engines);
  }

  /** The same with another number of pods. */
  public Serving withReplicas(@Nullable Integer other) {
    return new Serving(
        owner,
        model,
        other,
        backend,
        images,
        resources,
        podTemplate,
        version,
        settings,
        engines,
        access,
        tracing);
  }

  /** Name of the Deployment. */
  String name() {
    return version == null ? Names.deployment(owner.name()) : Names.version(owner.name(), version);
  }

  Map<String, String> labels() {
    return version == null ? Labels.of(KIND, owner.name()) : ModelVersion.labels(owner, version);
  }

  Map<String, String> selector() {
    return version == null
        ? Labels.selector(KIND, owner.name())
        : ModelVersion.selector(owner, version);
  }

  /** Annotations of the pods: what they are made for. */
  Map<String, String> annotations() {
    Map<String, String> annotations = new TreeMap<>();
    if (!engines.isEmpty()) {
      annotations.put(
          ENGINES_ANNOTATION,
          engines.stream().map(PlacedEngine::key).collect(Collectors.joining(",")));
    }
    annotations.put(URI_ANNOTATION, model.uri());
    if (model.digest() != null) {
      annotations.put(DIGEST_ANNOTATION, model.digest());
    }
    if (model.source() != null) {
      annotations.put(SOURCE_ANNOTATION, model.source());
    }
    return annotations;
  }

  /** Where the model is. */
  PvcUri pvc() {
    return PvcUri.parse(model.uri())
        .orElseThrow(() -> new IllegalArgumentException("not on a volume: " + model.uri()));
  }

  /** The model's artifact as the only one of a repository, read-only. */
  VolumeMount artifact() {
    return PodVolumes.folder(MODEL_VOLUME, ARTIFACTS + "/" + owner.name() + "/1", pvc());
  }

  /** Kind of the resource, as it stands in labels. */
  static final String KIND = InferenceDeployment.KIND;

  /** Folder of the repository that the model's artifact is in. */
  static final String ARTIFACTS = "/models";

  /** The volume that the model's artifact is on. */
  static final String MODEL_VOLUME = "hone-model";

  /** Annotation of pods with the digest of what they serve; a new one rolls them. */
  public static final String DIGEST_ANNOTATION = "hone.dev/model-digest";

  /** Annotation of pods with the address of what they serve. */
  public static final String URI_ANNOTATION = "hone.dev/model-uri";

  /** Annotation of pods with the resource that made what they serve. */
  public static final String SOURCE_ANNOTATION = "hone.dev/model-source";

  /** Annotation of pods with the keys of the engines that they may load. */
  public static final String ENGINES_ANNOTATION = "hone.dev/engines";

  /** Name of the port for requests. */
  static final String HTTP_PORT_NAME = "http";

  /** Port for requests, as Triton has it. */
  public static final int HTTP_PORT = 8000;

  /** Name of the port for gRPC. */
  static final String GRPC_PORT_NAME = "grpc";

  static final int GRPC_PORT = 8001;

  /** Name of the port for metrics. */
  static final String METRICS_PORT_NAME = "metrics";

  /**
   * Port for metrics. Hone's own server tells there of its health and its models as well, in plain
   * HTTP and to everybody.
   */
  public static final int METRICS_PORT = 8002;
}
