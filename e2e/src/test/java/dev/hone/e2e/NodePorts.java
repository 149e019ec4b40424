package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServicePortBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/** The ports of a served model's Service on the node, where a test reaches them as a client. */
final class NodePorts implements AutoCloseable {
  private static final int REST = 8000;
  private static final int GRPC = 8001;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Lab lab;
  private final Service service;
  private final String host;

  private NodePorts(Lab lab, Service service) {
    this.lab = lab;
    this.service = service;
    this.host = address(lab);
  }

  /** Opens those of a model. */
  static NodePorts of(Lab lab, String model) {
    Service inside = lab.client().services().inNamespace(lab.namespace()).withName(model).require();
    Service outside =
        new ServiceBuilder()
            .withNewMetadata()
            .withName(model + "-outside")
            .withNamespace(lab.namespace())
            .endMetadata()
            .withNewSpec()
            .withType("NodePort")
            .withSelector(inside.getSpec().getSelector())
            .addToPorts(port("rest", REST), port("grpc", GRPC))
            .endSpec()
            .build();
    NodePorts ports = new NodePorts(lab, lab.client().resource(outside).create());
    // kube-proxy opens them a moment later.
    ports.awaitOpen(ports.rest());
    ports.awaitOpen(ports.grpc());
    return ports;
  }

  private void awaitOpen(int port) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!isOpen(port)) {
      assertThat(System.nanoTime()).as("port %d is open in time", port).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  private boolean isOpen(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), (int) PATIENCE.toMillis());
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static ServicePort port(String name, int port) {
    return new ServicePortBuilder()
        .withName(name)
        .withPort(port)
        .withTargetPort(new IntOrString(port))
        .build();
  }

  /** The node's own address. */
  static String address(Lab lab) {
    return lab.client().nodes().list().getItems().getFirst().getStatus().getAddresses().stream()
        .filter(address -> address.getType().equals("InternalIP"))
        .map(NodeAddress::getAddress)
        .findFirst()
        .orElseThrow();
  }

  String host() {
    return host;
  }

  int rest() {
    return nodePort(REST);
  }

  int grpc() {
    return nodePort(GRPC);
  }

  private int nodePort(int port) {
    return service.getSpec().getPorts().stream()
        .filter(each -> each.getPort() == port)
        .findFirst()
        .orElseThrow()
        .getNodePort();
  }

  @Override
  public void close() {
    lab.client().resource(service).delete();
  }
}
