package dev.hone.operator.inference;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.ModelVersion;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.PodAccess;
import dev.hone.operator.desired.RouterConfigMap;
import dev.hone.operator.desired.RouterDeployment;
import dev.hone.operator.desired.RouterLink;
import dev.hone.operator.desired.RouterSecret;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.desired.ServingAccess;
import dev.hone.operator.desired.ServingDeployment;
import dev.hone.operator.desired.ServingDisruptionBudget;
import dev.hone.operator.desired.ServingService;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Applies and drops the objects of a rollout; applying what is there already changes nothing. */
final class RolloutObjects {
  private final KubernetesClient client;
  private final InferenceSettings settings;
  private final InferenceView view;
  private final InferenceObservation observed;
  private final RolloutEngines engines;
  private final RouterAccess access;
  private final Owner owner;

  RolloutObjects(
      KubernetesClient client,
      InferenceSettings settings,
      InferenceView view,
      InferenceObservation observed,
      RolloutEngines engines,
      RouterAccess access) {
    this.client = client;
    this.settings = settings;
    this.view = view;
    this.observed = observed;
    this.engines = engines;
    this.access = access;
    this.owner = view.owner();
  }

  /** What stands where one of ours will be, as a sentence; looked for before the first apply. */
  static Optional<String> inTheWay(
      KubernetesClient client, Owner owner, InferenceObservation observed) {
    String name = Names.router(owner.name());
    return observed.deployments().containsKey(name)
        ? Optional.empty()
        : InferenceObserver.inTheWay(
            owner,
            "Deployment",
            client.apps().deployments().inNamespace(owner.namespace()).withName(name).get());
  }

  /**
   * Applies the Service and the Deployment of a version; gives the Deployment as it is now. While
   * an engine of it is built the Deployment stays as it is: empty if there is none yet.
   *
   * @param replicas its pods; null where an autoscaler decides it
   */
  Optional<Deployment> version(ServedModel model, @Nullable Integer replicas) {
    apply(ServingService.ofVersion(owner, ModelVersion.of(model), view.access()));
    Optional<Deployment> known = observed.version(owner.name(), model);
    if (engines.waits(model).isPresent()) {
      return known;
    }
    PodAccess link = link(known);
    return Optional.of(apply(ServingDeployment.build(serving(model, link).withReplicas(replicas))));
  }

  /** What the routers need at the pods of a version, once the Secret for it is there. */
  private PodAccess link(Optional<Deployment> version) {
    if (view.access().isOpen()) {
      return ServingAccess.OPEN;
    }
    String secret = access.versionSecretName(owner);
    make(version, secret, () -> access.newVersionSecret(owner, secret));
    return new RouterLink(RouterSecret.host(owner), secret);
  }

  /** Applies the routers and what they start with. */
  void router(String routing) {
    apply(RouterConfigMap.build(owner, routing));
    String secret = access.secretName(owner, view.access());
    make(
        Optional.ofNullable(observed.deployments().get(Names.router(owner.name()))),
        secret,
        () -> access.newSecret(owner, secret, view.access()));
    apply(
        RouterDeployment.build(
            owner,
            settings.images().server(),
            settings.images().pullPolicy(),
            view.podTemplate(),
            secret,
            view.access(),
            view.tracing()));
    apply(ServingDisruptionBudget.build(owner));
  }

  /**
   * Makes a Secret of certificates, unless it is there. It cannot be read: what shows that it is
   * there is that the pods which mount it run.
   */
  private void make(Optional<Deployment> deployment, String secret, Supplier<Secret> made) {
    Optional<Deployment> mounting = deployment.filter(found -> mounts(found, secret));
    if (!RolloutState.of(mounting).complete()) {
      make(made.get());
    }
  }

  private static boolean mounts(Deployment deployment, String secret) {
    return deployment.getSpec().getTemplate().getSpec().getVolumes().stream()
        .map(Volume::getSecret)
        .anyMatch(source -> source != null && secret.equals(source.getSecretName()));
  }

  private void make(Secret secret) {
    try {
      client.resource(secret).create();
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
  }

  /**
   * Applies the Service that clients know. It stays with the pods of a resource that had no rollout
   * until the routers can do their work; whether it points at the routers now.
   */
  boolean front(boolean ready) {
    boolean routers = ready || observed.deployment().isEmpty() || isRouted();
    apply(
        routers
            ? ServingService.ofRouter(owner, view.access())
            : ServingService.build(owner, view.access()));
    return routers;
  }

  private boolean isRouted() {
    return observed
        .front()
        .filter(
            service -> Labels.ROLE_ROUTER.equals(service.getSpec().getSelector().get(Labels.ROLE)))
        .isPresent();
  }

  /** Drops the versions that the routers do not know any more, and the Deployment from before. */
  void dropAllBut(RolloutStatus state, Optional<ServedModel> reference) {
    Set<String> kept = new HashSet<>();
    kept.add(ModelVersion.of(state.stable()));
    if (state.candidate() != null) {
      kept.add(ModelVersion.of(state.candidate()));
    }
    reference.map(ModelVersion::of).ifPresent(kept::add);
    observed.deployments().values().stream()
        .filter(found -> found.getMetadata().getLabels().get(Labels.VERSION) != null)
        .filter(found -> !kept.contains(found.getMetadata().getLabels().get(Labels.VERSION)))
        .forEach(this::drop);
    // The Service has pointed at the routers for a whole pass.
    if (isRouted()) {
      observed.deployment().ifPresent(found -> client.resource(found).delete());
    }
  }

  /** Drops everything of a rollout, once the pods of a resource without one serve. */
  static void dropAll(KubernetesClient client, Owner owner, InferenceObservation observed) {
    observed
        .deployments()
        .forEach(
            (name, found) -> {
              if (found.getMetadata().getLabels().get(Labels.ROLE) != null) {
                client.resource(found).delete();
                client.services().inNamespace(owner.namespace()).withName(name).delete();
              }
            });
    client
        .configMaps()
        .inNamespace(owner.namespace())
        .withName(Names.router(owner.name()))
        .delete();
  }

  private void drop(Deployment version) {
    client.resource(version).delete();
    client
        .services()
        .inNamespace(owner.namespace())
        .withName(version.getMetadata().getName())
        .delete();
  }

  private Serving serving(ServedModel model, PodAccess link) {
    return view.serving(model, settings.images(), ModelVersion.of(model), engines.of(model), link);
  }

  private <T extends HasMetadata> T apply(T desired) {
    return client.resource(desired).patch(Patches.APPLY);
  }
}
