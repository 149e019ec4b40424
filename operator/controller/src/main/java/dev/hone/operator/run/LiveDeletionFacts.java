package dev.hone.operator.run;

import dev.hone.api.Labels;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.desired.Serving;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Asks the API server, in the resource's namespace alone. */
public final class LiveDeletionFacts implements DeletionFacts {

  private final KubernetesClient client;
  private final Owner owner;

  /** Asks about what that resource has. */
  public LiveDeletionFacts(KubernetesClient client, Owner owner) {
    this.client = client;
    this.owner = owner;
  }

  @Override
  public boolean claimIsGone(String claim) {
    PersistentVolumeClaim found =
        client.persistentVolumeClaims().inNamespace(owner.namespace()).withName(claim).get();
    // No pod is put on a node any more for a claim that is being deleted.
    return found == null || found.isMarkedForDeletion();
  }

  /**
   * Looked for in what really mounts the artifact, not in specs: a resource that only refers to it
   * loses nothing that it has, and one that names another model by now may still serve this one.
   */
  @Override
  public List<String> users(Set<String> addresses) {
    return users(annotations -> reads(annotations, addresses));
  }

  @Override
  public List<String> engineUsers(String key) {
    return users(
        annotations ->
            Stream.of(annotations.getOrDefault(Serving.ENGINES_ANNOTATION, "").split(","))
                .anyMatch(key::equals));
  }

  /** By the annotations of pods, as they are or as somebody would have them made. */
  private List<String> users(Predicate<Map<String, String>> reads) {
    Stream<? extends HasMetadata> deployments =
        client
            .apps()
            .deployments()
            .inNamespace(owner.namespace())
            .withLabel(Labels.MANAGED_BY, Labels.MANAGED_BY_HONE)
            .list()
            .getItems()
            .stream()
            .filter(deployment -> !deployment.isMarkedForDeletion())
            .filter(
                deployment ->
                    reads.test(annotations(deployment.getSpec().getTemplate().getMetadata())));
    Stream<? extends HasMetadata> pods =
        client
            .pods()
            .inNamespace(owner.namespace())
            .withLabel(Labels.MANAGED_BY, Labels.MANAGED_BY_HONE)
            .list()
            .getItems()
            .stream()
            .filter(pod -> !RunPods.isOver(pod))
            .filter(pod -> reads.test(annotations(pod.getMetadata())));
    Stream<? extends HasMetadata> jobs =
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(owner.namespace())
            .withLabel(Labels.MANAGED_BY, Labels.MANAGED_BY_HONE)
            .list()
            .getItems()
            .stream()
            .filter(LiveDeletionFacts::goesOn)
            .filter(job -> reads.test(annotations(job.getSpec().getTemplate().getMetadata())));
    return Stream.of(deployments, pods, jobs)
        .flatMap(found -> found)
        .map(found -> Objects.requireNonNull(found).getMetadata().getLabels())
        .filter(labels -> !isOurs(labels))
        .map(labels -> labels.get(Labels.KIND) + " " + labels.get(Labels.NAME))
        .distinct()
        .sorted()
        .toList();
  }

  private boolean isOurs(Map<String, String> labels) {
    return owner.kind().equals(labels.get(Labels.KIND))
        && owner.name().equals(labels.get(Labels.NAME));
  }

  private static boolean goesOn(Job job) {
    return !job.isMarkedForDeletion()
        && !JobStates.isFinished(job)
        && !Boolean.TRUE.equals(job.getSpec().getSuspend());
  }

  private static Map<String, String> annotations(@Nullable ObjectMeta pod) {
    return pod == null || pod.getAnnotations() == null ? Map.of() : pod.getAnnotations();
  }

  private static boolean reads(Map<String, String> annotations, Set<String> addresses) {
    return Stream.of(RunJob.INPUTS_ANNOTATION, Serving.URI_ANNOTATION)
        .map(annotations::get)
        .filter(Objects::nonNull)
        .flatMap(read -> Stream.of(read.split(" ")))
        .anyMatch(
            read -> addresses.stream().anyMatch(address -> (read + "/").startsWith(address + "/")));
  }
}
