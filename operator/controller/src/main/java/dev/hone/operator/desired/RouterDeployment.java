package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.Tracing;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Deployment of the routers: the server's image in another mode. */
public final class RouterDeployment {

  /** Port for the probes and the metrics. */
  static final int ADMIN_PORT = 8002;

  /** Port for the configuration and the statistics, for the operator alone. */
  public static final int CONTROL_PORT = 8003;

  static final int REPLICAS = 2;
  private static final String ADMIN_PORT_NAME = "admin";
  private static final String ROUTING_PATH = "/etc/hone/routing";

  /** Where the certificate of the router's own is, beside one that clients are shown. */
  private static final String OWN_TLS_PATH = "/etc/hone/router-tls";

  /** The router's drain delay, what it waits for after that, and something for its way out. */
  private static final long GRACE_SECONDS = 5 + 30 + 10;

  private RouterDeployment() {}

  static Map<String, String> selector(Owner owner) {
    Map<String, String> selector = new HashMap<>(Labels.selector(Serving.KIND, owner.name()));
    selector.put(Labels.ROLE, Labels.ROLE_ROUTER);
    return selector;
  }

  /**
   * The Deployment.
   *
   * @param owner the resource
   * @param image image of the server
   * @param pullPolicy its pull policy
   * @param template the user's template; its pull secrets are the routers' too
   * @param secret name of the Secret with the certificate that the routers show the operator, and
   *     the versions where clients need TLS or a key
   * @param access what clients need
   * @param tracing where their traces go; null for nowhere
   */
  public static Deployment build(
      Owner owner,
      String image,
      String pullPolicy,
      @Nullable PodTemplateSpec template,
      String secret,
      ServingAccess access,
      @Nullable Tracing tracing) {
    Map<String, String> labels = new HashMap<>(Labels.of(Serving.KIND, owner.name()));
    labels.putAll(selector(owner));
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(Names.router(owner.name()))
        .withNamespace(owner.namespace())
        .withLabels(labels)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withReplicas(REPLICAS)
        .withRevisionHistoryLimit(2)
        .withNewSelector()
        .withMatchLabels(selector(owner))
        .endSelector()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        .withMaxSurge(new IntOrString(1))
        .withMaxUnavailable(new IntOrString(0))
        .endRollingUpdate()
        .endStrategy()
        .withTemplate(pod(owner, image, pullPolicy, template, labels, secret, access, tracing))
        .endSpec()
        .build();
  }

  private static PodTemplateSpec pod(
      Owner owner,
      String image,
      String pullPolicy,
      @Nullable PodTemplateSpec template,
      Map<String, String> labels,
      String secret,
      ServingAccess access,
      @Nullable Tracing tracing) {
    String own = access.isOpen() ? ServingAccess.TLS_VOLUME : "hone-router-tls";
    String ownPath = access.isOpen() ? ServingAccess.TLS_PATH : OWN_TLS_PATH;
    Map<String, String> env = new HashMap<>(access.env());
    env.put("HONE_MODE", "router");
    env.put("HONE_ROUTER_CONFIGURATION", ROUTING_PATH + "/" + Names.ROUTING_KEY);
    env.put("HONE_ROUTER_TLS", ownPath);
    env.put("HONE_ROUTER_NAMESPACE", owner.namespace());
    env.put("HONE_ROUTER_DEPLOYMENT", owner.name());
    List<Volume> volumes =
        new ArrayList<>(
            List.of(
                new VolumeBuilder()
                    .withName("hone-routing")
                    .withNewConfigMap()
                    .withName(Names.router(owner.name()))
                    .endConfigMap()
                    .build(),
                PodVolumes.secret(own, secret, List.of()),
                PodVolumes.emptyDir("hone-tmp")));
    volumes.addAll(access.volumes());
    List<VolumeMount> mounts =
        new ArrayList<>(
            List.of(
                PodVolumes.mount("hone-routing", ROUTING_PATH, true),
                PodVolumes.mount(own, ownPath, true),
                PodVolumes.mount("hone-tmp", "/tmp", false)));
    mounts.addAll(access.mounts());
    var parts =
        new PodTemplateMerge.Parts(
            Names.ROUTER_CONTAINER,
            image,
            pullPolicy,
            labels,
            Map.of(),
            env,
            volumes,
            mounts,
            null);
    PodTemplateSpec given = new PodTemplateSpecBuilder().withNewSpec().endSpec().build();
    if (template != null && template.getSpec() != null) {
      given.getSpec().setImagePullSecrets(template.getSpec().getImagePullSecrets());
    }
    String service = Names.router(owner.name());
    return new PodTemplateSpecBuilder(
            PodTemplateMerge.merge(
                given,
                parts,
                container -> force(ServingTraces.own(container, tracing, owner, service, null))))
        .editSpec()
        .withTerminationGracePeriodSeconds(GRACE_SECONDS)
        .endSpec()
        .build();
  }

  private static ContainerBuilder force(ContainerBuilder container) {
    return ServerContainer.withPort(
            ServerContainer.withPorts(container, ADMIN_PORT_NAME, ADMIN_PORT),
            "control",
            CONTROL_PORT)
        .withNewResources()
        .addToRequests("cpu", new Quantity("100m"))
        .addToRequests("memory", new Quantity("128Mi"))
        .addToLimits("memory", new Quantity("512Mi"))
        .endResources()
        .withReadinessProbe(probe("/health/ready", 2, 1))
        .withStartupProbe(probe("/health/live", 1, 60))
        .withLivenessProbe(probe("/health/live", 10, 3));
  }

  private static Probe probe(String path, int periodSeconds, int failures) {
    return ServerContainer.probe(ADMIN_PORT_NAME, path, periodSeconds, failures);
  }
}
