package dev.hone.operator.run;

import dev.hone.api.Names;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.observe.ClusterFacts;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Optional;

/**
 * Everything of a resource's runs that is there now.
 *
 * @param owner the resource
 * @param jobs Jobs with its labels, whoever owns them
 * @param pods pods with its labels
 * @param configMaps ConfigMaps with its labels
 * @param services Services with its labels
 * @param facts what is looked up only when a pod cannot be scheduled
 */
public record RunObservation(
    Owner owner,
    List<Job> jobs,
    List<Pod> pods,
    List<ConfigMap> configMaps,
    List<Service> services,
    ClusterFacts facts) {

  /** The Job of a run. */
  public Optional<Job> job(String hash) {
    return named(jobs, Names.job(owner.name(), hash));
  }

  /** The ConfigMap that the pods of a run read. */
  public Optional<ConfigMap> config(String hash) {
    return named(configMaps, Names.jobConfigMap(owner.name(), hash)).filter(this::isOurs);
  }

  /**
   * The ConfigMap with the result of a run; one of an earlier resource of this name does not count.
   */
  public Optional<ConfigMap> result(String hash) {
    return named(configMaps, Names.resultConfigMap(owner.name(), hash)).filter(this::isOurs);
  }

  /** The Service by which the pods of a Job find one another. */
  public Optional<Service> service(String hash, Job job) {
    return named(services, Names.jobService(owner.name(), hash))
        .filter(service -> Owner.isOwned(service, job.getMetadata().getUid()));
  }

  /** The pods of a Job, the newest first. */
  public List<Pod> pods(Job job) {
    return RunPods.of(job, pods);
  }

  /** Whether the resource is the owner of an object. */
  public boolean isOurs(HasMetadata object) {
    return owner.owns(object);
  }

  private static <T extends HasMetadata> Optional<T> named(List<T> objects, String name) {
    return objects.stream()
        .filter(object -> object.getMetadata().getName().equals(name))
        .findFirst();
  }
}
