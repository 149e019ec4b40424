package dev.hone.operator.engine;

import dev.hone.api.FieldManagers;
import dev.hone.api.HoneApi;
import dev.hone.api.Labels;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineBuildSpec;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Makes the EngineBuilds that a deployment needs, and lets go of those that it needs no longer.
 * Each user is an owner, none of them the controller: the garbage collector deletes an engine with
 * the last of its users.
 */
public final class DeploymentEngines {

  private final KubernetesClient client;
  private final Owner user;

  /** Works for that deployment. */
  public DeploymentEngines(KubernetesClient client, Owner user) {
    this.client = client;
    this.user = user;
  }

  /**
   * Has what is needed built, and tells what is ready.
   *
   * @param needs the engines that are needed
   * @param used the EngineBuilds that the deployment is an owner of, as they were last seen
   * @param placed keys of the engines that its pods were made for
   */
  public EnginePlacement prepare(
      EngineNeeds needs, Collection<EngineBuild> used, Set<String> placed) {
    Map<String, EngineBuild> builds = new TreeMap<>();
    used.forEach(build -> builds.put(build.getMetadata().getName(), build));
    Set<String> keys = Set.copyOf(builds.keySet());
    needs.builds().forEach((key, spec) -> builds.put(key, take(key, spec)));
    return EnginePlacementPlanner.plan(needs, builds, keys, placed);
  }

  /** Lets go of engines; one that has no user left stays as long as {@link UnusedPolicy} says. */
  public void release(Collection<String> keys) {
    for (String key : keys) {
      if (client.resources(EngineBuild.class).inNamespace(user.namespace()).withName(key).get()
          != null) {
        apply(key, List.of());
      }
    }
  }

  /** The EngineBuild of a key, with this deployment among its users. */
  private EngineBuild take(String key, EngineBuildSpec spec) {
    EngineBuild found =
        client.resources(EngineBuild.class).inNamespace(user.namespace()).withName(key).get();
    if (found == null) {
      return create(key, spec);
    }
    boolean known =
        found.getMetadata().getOwnerReferences().stream()
            .anyMatch(reference -> reference.getUid().equals(user.uid()));
    return known || found.isMarkedForDeletion() ? found : apply(key, List.of(reference()));
  }

  private EngineBuild create(String key, EngineBuildSpec spec) {
    EngineBuild desired = new EngineBuild();
    desired.setMetadata(
        new ObjectMetaBuilder()
            .withName(key)
            .withNamespace(user.namespace())
            .withLabels(Labels.of(EngineBuild.KIND, key))
            .build());
    desired.setSpec(spec);
    try {
      client.resource(desired).create();
    } catch (KubernetesClientException e) {
      // Another deployment with the same key was faster: there is one build for both.
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
    }
    return apply(key, List.of(reference()));
  }

  /** Sets this deployment's own reference, and no other's: each user has a field manager. */
  private EngineBuild apply(String key, List<OwnerReference> references) {
    EngineBuild desired = new EngineBuild();
    desired.setMetadata(
        new ObjectMetaBuilder()
            .withName(key)
            .withNamespace(user.namespace())
            .withOwnerReferences(references)
            .build());
    return client
        .resource(desired)
        .patch(Patches.applyAs(FieldManagers.OPERATOR + "-" + user.uid()));
  }

  private OwnerReference reference() {
    return new OwnerReferenceBuilder()
        .withApiVersion(HoneApi.API_VERSION)
        .withKind(user.kind())
        .withName(user.name())
        .withUid(user.uid())
        .build();
  }
}
