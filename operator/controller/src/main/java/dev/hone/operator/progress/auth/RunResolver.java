package dev.hone.operator.progress.auth;

import dev.hone.api.common.JobReference;
import dev.hone.operator.progress.ObservedRun;
import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import dev.hone.operator.progress.ResourceKey;
import dev.hone.operator.progress.Run;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Lets a pod report for the resource whose status names the pod's Job, and for no other. */
public final class RunResolver {
  private final KubernetesClient client;
  private final Authenticator authenticator;

  /** Resolves runs by way of the given client. */
  public RunResolver(KubernetesClient client, Authenticator authenticator) {
    this.client = client;
    this.authenticator = authenticator;
  }

  /** The run that the owner of the token may report for, if it is the resource's current one. */
  public Run resolve(String token, ResourceKey key) throws ReportRefusedException {
    ReportingPod pod = authenticator.authenticate(token, key.namespace());
    ObservedRun observed =
        ObservedRun.read(client, key)
            .orElseThrow(
                () ->
                    new ReportRefusedException(
                        Refusal.NOT_FOUND, "There is no %s.".formatted(key)));
    JobReference recorded = observed.job();
    if (recorded != null && pod.jobUid().equals(recorded.uid())) {
      return new Run(key, observed, recorded.name(), pod.jobUid(), recorded.hash());
    }
    throw refusal(pod, key, observed);
  }

  /** Tells a pod of another resource, of an earlier run, and of a run that is too new. */
  private ReportRefusedException refusal(ReportingPod pod, ResourceKey key, ObservedRun observed) {
    Job job = job(key.namespace(), pod.jobName());
    if (job == null || !pod.jobUid().equals(job.getMetadata().getUid())) {
      return new ReportRefusedException(
          Refusal.SUPERSEDED,
          "The Job %s of this pod does not exist any more.".formatted(pod.jobName()));
    }
    boolean owned =
        PodJobs.controller(job)
            .filter(owner -> owner.getUid().equals(observed.resourceUid()))
            .isPresent();
    if (!owned) {
      return new ReportRefusedException(
          Refusal.OTHER_RESOURCE,
          "The pod %s belongs to the Job %s, which is not a Job of %s."
              .formatted(pod.pod().name(), pod.jobName(), key));
    }
    if (isRecordedLater(job, observed.job(), key)) {
      return new ReportRefusedException(
          Refusal.NOT_RECORDED_YET,
          "The operator has not recorded the Job %s yet; send the report again."
              .formatted(pod.jobName()));
    }
    return new ReportRefusedException(
        Refusal.SUPERSEDED,
        "The Job %s is not the current run of %s.".formatted(pod.jobName(), key));
  }

  /**
   * Whether the leader has yet to record the Job: it writes the status after it has created the
   * Job, and may be replaced by another leader in between.
   */
  private boolean isRecordedLater(Job job, @Nullable JobReference recorded, ResourceKey key) {
    if (recorded == null) {
      return true;
    }
    Job other = job(key.namespace(), recorded.name());
    return other == null
        || !other.getMetadata().getUid().equals(recorded.uid())
        || created(job).isAfter(created(other));
  }

  private @Nullable Job job(String namespace, String name) {
    return client.batch().v1().jobs().inNamespace(namespace).withName(name).get();
  }

  private static Instant created(Job job) {
    return Instant.parse(job.getMetadata().getCreationTimestamp());
  }
}
