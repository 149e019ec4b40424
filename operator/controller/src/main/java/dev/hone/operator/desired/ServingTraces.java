package dev.hone.operator.desired;

import dev.hone.api.common.SecretKey;
import dev.hone.api.inference.ServedModel;
import dev.hone.api.inference.Tracing;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarBuilder;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code spec.tracing} means for pods: OpenTelemetry's own variables, and for Triton its
 * arguments. What the user's template says by the same names stays.
 */
final class ServingTraces {

  private static final String POD_NAME = "HONE_POD_NAME";
  private static final String HEADERS = "OTEL_EXPORTER_OTLP_HEADERS";
  private static final String TRACES = "/v1/traces";

  private ServingTraces() {}

  /**
   * A container of Hone's own server, whether it serves or routes.
   *
   * @param service name of the service in traces
   * @param model what it serves; null for a router
   */
  static ContainerBuilder own(
      ContainerBuilder container,
      @Nullable Tracing tracing,
      Owner owner,
      String service,
      @Nullable ServedModel model) {
    if (tracing == null) {
      return container;
    }
    List<EnvVar> variables = new ArrayList<>();
    variables.add(podName());
    variables.add(variable("OTEL_EXPORTER_OTLP_ENDPOINT", tracing.endpoint()));
    headers(tracing, variables);
    variables.add(
        variable(
            "OTEL_EXPORTER_OTLP_PROTOCOL", tracing.overPlainHttp() ? "http/protobuf" : "grpc"));
    String digest =
        model == null || model.digest() == null ? "" : ",hone.model.digest=" + model.digest();
    variables.add(
        variable(
            "OTEL_RESOURCE_ATTRIBUTES",
            "k8s.namespace.name=%s,k8s.pod.name=$(%s)%s"
                .formatted(owner.namespace(), POD_NAME, digest)));
    variables.add(variable("OTEL_SERVICE_NAME", service));
    variables.add(variable("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"));
    variables.add(
        variable("OTEL_TRACES_SAMPLER_ARG", BigDecimal.valueOf(tracing.ratio()).toPlainString()));
    return add(container, variables);
  }

  /** A container of Triton: it reads the headers' variable, and takes the rest as arguments. */
  static ContainerBuilder triton(ContainerBuilder container, @Nullable Tracing tracing) {
    if (tracing == null) {
      return container;
    }
    List<EnvVar> variables = new ArrayList<>();
    variables.add(podName());
    headers(tracing, variables);
    return add(container, variables);
  }

  /** Triton's arguments. */
  static List<String> tritonArguments(@Nullable Tracing tracing, Owner owner) {
    if (tracing == null) {
      return List.of();
    }
    String setting = "--trace-config=opentelemetry,";
    return List.of(
        "--trace-config=mode=opentelemetry",
        "--trace-config=level=TIMESTAMPS",
        "--trace-config=rate=" + oneIn(tracing.ratio()),
        setting + "url=" + tracing.endpoint().replaceFirst("/$", "") + TRACES,
        setting + "resource=service.name=" + owner.name(),
        setting + "resource=k8s.namespace.name=" + owner.namespace(),
        setting + "resource=k8s.pod.name=$(" + POD_NAME + ")");
  }

  /** Triton traces one request in so many, and with 0 those alone that are part of a trace. */
  private static long oneIn(double ratio) {
    return ratio == 0 ? 0 : Math.min(Integer.MAX_VALUE, Math.round(1 / ratio));
  }

  private static void headers(Tracing tracing, List<EnvVar> variables) {
    SecretKey secret = tracing.headersSecretRef();
    if (secret != null) {
      variables.add(
          new EnvVarBuilder()
              .withName(HEADERS)
              .withNewValueFrom()
              .withNewSecretKeyRef()
              .withName(secret.name())
              .withKey(secret.key())
              .endSecretKeyRef()
              .endValueFrom()
              .build());
    }
  }

  private static EnvVar podName() {
    return new EnvVarBuilder()
        .withName(POD_NAME)
        .withNewValueFrom()
        .withNewFieldRef()
        .withApiVersion("v1")
        .withFieldPath("metadata.name")
        .endFieldRef()
        .endValueFrom()
        .build();
  }

  private static EnvVar variable(String name, String value) {
    return new EnvVarBuilder().withName(name).withValue(value).build();
  }

  private static ContainerBuilder add(ContainerBuilder container, List<EnvVar> variables) {
    for (EnvVar variable : variables) {
      if (!container.hasMatchingEnv(given -> variable.getName().equals(given.getName()))) {
        container.addToEnv(variable);
      }
    }
    return container;
  }
}
