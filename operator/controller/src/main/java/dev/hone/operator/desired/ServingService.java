package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.Map;

/** The Service in front of a served model. */
public final class ServingService {

  /** HTTP/2 without TLS, as proxies in front of the Service have to know. */
  private static final String GRPC = "kubernetes.io/h2c";

  /** HTTP over TLS; which version of HTTP, the handshake settles. */
  private static final String TLS = "https";

  private ServingService() {}

  /** The Service in front of all pods, which speak TLS or not. */
  public static Service build(Owner owner, ServingAccess access) {
    Service service =
        build(
            owner,
            Names.service(owner.name()),
            Labels.of(Serving.KIND, owner.name()),
            Labels.selector(Serving.KIND, owner.name()));
    return access.isEncrypted() ? encrypted(service) : service;
  }

  /** The Service in front of the routers; under the name that clients know. */
  public static Service ofRouter(Owner owner, ServingAccess access) {
    Service service =
        build(
            owner,
            Names.service(owner.name()),
            Labels.of(Serving.KIND, owner.name()),
            RouterDeployment.selector(owner));
    return access.isEncrypted() ? encrypted(service) : service;
  }

  /**
   * The Service in front of the pods of one version, for the routers.
   *
   * @param access what clients of the routers need
   */
  public static Service ofVersion(Owner owner, String version, ServingAccess access) {
    Service service =
        build(
            owner,
            Names.version(owner.name(), version),
            ModelVersion.labels(owner, version),
            ModelVersion.selector(owner, version));
    return access.isOpen() ? service : encrypted(service);
  }

  private static Service encrypted(Service service) {
    service.getSpec().getPorts().forEach(port -> port.setAppProtocol(TLS));
    return service;
  }

  private static Service build(
      Owner owner, String name, Map<String, String> labels, Map<String, String> selector) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace(owner.namespace())
        .withLabels(labels)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withSelector(selector)
        .addNewPort()
        .withName(Serving.HTTP_PORT_NAME)
        .withProtocol("TCP")
        .withPort(Serving.HTTP_PORT)
        .withTargetPort(new IntOrString(Serving.HTTP_PORT_NAME))
        .endPort()
        .addNewPort()
        .withName(Serving.GRPC_PORT_NAME)
        .withAppProtocol(GRPC)
        .withProtocol("TCP")
        .withPort(Serving.GRPC_PORT)
        .withTargetPort(new IntOrString(Serving.GRPC_PORT_NAME))
        .endPort()
        .endSpec()
        .build();
  }
}
