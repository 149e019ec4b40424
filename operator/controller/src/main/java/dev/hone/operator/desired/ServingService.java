package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;

/** The Service in front of a served model. */
public final class ServingService {

  /** HTTP/2 without TLS, as proxies in front of the Service have to know. */
  private static final String GRPC = "kubernetes.io/h2c";

  private ServingService() {}

  /** The Service. */
  public static Service build(Owner owner) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName(Names.service(owner.name()))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(Serving.KIND, owner.name()))
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withSelector(Labels.selector(Serving.KIND, owner.name()))
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
