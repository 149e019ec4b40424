package dev.hone.operator.desired;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;

/** What containers of the server's image have in common, whether they serve or route. */
final class ServerContainer {

  /** Time between two startup probes. */
  static final int STARTUP_PERIOD_SECONDS = 2;

  private ServerContainer() {}

  /** The ports for clients, and one more. */
  static ContainerBuilder withPorts(ContainerBuilder container, String name, int port) {
    return withPort(
        withPort(
            withPort(container, Serving.HTTP_PORT_NAME, Serving.HTTP_PORT),
            Serving.GRPC_PORT_NAME,
            Serving.GRPC_PORT),
        name,
        port);
  }

  /** One port more. */
  static ContainerBuilder withPort(ContainerBuilder container, String name, int port) {
    return container
        .addNewPort()
        .withName(name)
        .withContainerPort(port)
        .withProtocol("TCP")
        .endPort();
  }

  /**
   * A container that serves: its ports, its probes where the user has none, and its last words.
   *
   * @param probed name of the port that the probes ask at
   * @param startupFailures failed startup probes after which it is killed, {@value
   *     #STARTUP_PERIOD_SECONDS} seconds apart
   */
  static ContainerBuilder serving(ContainerBuilder container, String probed, int startupFailures) {
    withPorts(container, Serving.METRICS_PORT_NAME, Serving.METRICS_PORT)
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File")
        .withReadinessProbe(probe(probed, "/v2/health/ready", 2, 1));
    if (!container.hasStartupProbe()) {
      container.withStartupProbe(
          probe(probed, "/v2/health/live", STARTUP_PERIOD_SECONDS, startupFailures));
    }
    if (!container.hasLivenessProbe()) {
      container.withLivenessProbe(probe(probed, "/v2/health/live", 10, 3));
    }
    return container;
  }

  /** A probe that asks over HTTP. */
  static Probe probe(String port, String path, int periodSeconds, int failures) {
    return new ProbeBuilder()
        .withNewHttpGet()
        .withPath(path)
        .withPort(new IntOrString(port))
        .withScheme("HTTP")
        .endHttpGet()
        .withPeriodSeconds(periodSeconds)
        .withFailureThreshold(failures)
        .withTimeoutSeconds(5)
        .build();
  }
}
