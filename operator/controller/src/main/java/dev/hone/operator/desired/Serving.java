package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the objects of an InferenceDeployment are made from.
 *
 * @param owner the resource
 * @param model the model that is served
 * @param replicas number of pods; null where an autoscaler decides it
 * @param image image of the server
 * @param pullPolicy its pull policy
 * @param resources what each pod asks for
 * @param podTemplate the user's template
 * @param version hash of the version, where a rollout has several side by side; null where there is
 *     one Deployment for whatever is served
 * @param settings variables of the server that follow from the spec
 * @param engines the engines that it loads; the pods run where one of them does
 */
public record Serving(
    Owner owner,
    ServedModel model,
    @Nullable Integer replicas,
    String image,
    String pullPolicy,
    @Nullable ServingResources resources,
    @Nullable PodTemplateSpec podTemplate,
    @Nullable String version,
    Map<String, String> settings,
    List<PlacedEngine> engines) {

  public Serving {
    settings = Map.copyOf(settings);
    engines = List.copyOf(engines);
  }

  /** The same with another number of pods. */
  public Serving withReplicas(@Nullable Integer other) {
    return new Serving(
        owner, model, other, image, pullPolicy, resources, podTemplate, version, settings, engines);
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

  /** Kind of the resource, as it stands in labels. */
  static final String KIND = InferenceDeployment.KIND;

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

  static final int METRICS_PORT = 8002;
}
