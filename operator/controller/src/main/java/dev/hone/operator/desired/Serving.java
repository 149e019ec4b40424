package dev.hone.operator.desired;

import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.jspecify.annotations.Nullable;

/**
 * What the objects of an InferenceDeployment are made from.
 *
 * @param owner the resource
 * @param model the model that is served
 * @param replicas number of pods
 * @param image image of the server
 * @param pullPolicy its pull policy
 * @param resources what each pod asks for
 * @param podTemplate the user's template
 */
public record Serving(
    Owner owner,
    ServedModel model,
    int replicas,
    String image,
    String pullPolicy,
    @Nullable ServingResources resources,
    @Nullable PodTemplateSpec podTemplate) {

  /** Kind of the resource, as it stands in labels. */
  static final String KIND = InferenceDeployment.KIND;

  /** Annotation of pods with the digest of what they serve; a new one rolls them. */
  public static final String DIGEST_ANNOTATION = "hone.dev/model-digest";

  /** Annotation of pods with the address of what they serve. */
  public static final String URI_ANNOTATION = "hone.dev/model-uri";

  /** Annotation of pods with the resource that made what they serve. */
  public static final String SOURCE_ANNOTATION = "hone.dev/model-source";

  /** Name of the port for requests. */
  static final String HTTP_PORT_NAME = "http";

  /** Port for requests, as Triton has it. */
  public static final int HTTP_PORT = 8000;

  /** Name of the port for gRPC. */
  static final String GRPC_PORT_NAME = "grpc";

  static final int GRPC_PORT = 8001;

  static final int METRICS_PORT = 8002;
}
