package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.Map;

/**
 * The headless Service that gives each pod of a Job on several nodes a name. It goes with its Job.
 *
 * @param owner the resource
 * @param hash the run's hash
 * @param job the Job as it is in the cluster
 */
public record RunService(Owner owner, String hash, Job job) {

  /** Label that the Job's controller gives to its pods. */
  private static final String JOB_NAME = "batch.kubernetes.io/job-name";

  /** The Service. */
  public Service build() {
    return new ServiceBuilder()
        .withNewMetadata()
        .withName(Names.jobService(owner.name(), hash))
        .withNamespace(owner.namespace())
        .withLabels(Labels.of(owner.kind(), owner.name(), hash))
        .withOwnerReferences(reference())
        .endMetadata()
        .withNewSpec()
        .withClusterIP("None")
        // A pod is ready only once it trains, and it trains only once all have found one another.
        .withPublishNotReadyAddresses(true)
        .withSelector(Map.of(JOB_NAME, job.getMetadata().getName()))
        .addNewPort()
        .withName("rendezvous")
        .withProtocol("TCP")
        .withPort(RunGroup.PORT)
        .withTargetPort(new IntOrString(RunGroup.PORT))
        .endPort()
        .endSpec()
        .build();
  }

  private OwnerReference reference() {
    return new OwnerReferenceBuilder()
        .withApiVersion("batch/v1")
        .withKind("Job")
        .withName(job.getMetadata().getName())
        .withUid(job.getMetadata().getUid())
        .withController(true)
        .build();
  }
}
