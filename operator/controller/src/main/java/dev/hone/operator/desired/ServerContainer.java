package dev.hone.operator.desired;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.ProbeBuilder;

/** What containers of the server's image have in common, whether they serve or route. */
final class ServerContainer {

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

  private static ContainerBuilder withPort(ContainerBuilder container, String name, int port) {
    return container
        .addNewPort()
        .withName(name)
        .withContainerPort(port)
        .withProtocol("TCP")
        .endPort();
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
