package dev.hone.operator.run;

import dev.hone.api.Reason;
import dev.hone.operator.error.ApiRefusal;
import dev.hone.operator.event.EventRecorder;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import java.net.HttpURLConnection;

/**
 * Carries out what a deletion asks for.
 *
 * @param resource the resource that is being deleted
 * @param finalizer what keeps it until then
 * @param events where it is told what stays behind
 */
public record DeletionExecutor<R extends CustomResource<?, ?>>(
    R resource, String finalizer, EventRecorder events, Context<R> context) {

  /**
   * Starts the Job that deletes; gives what is waited for now.
   *
   * @param files what it deletes, for sentences
   */
  public DeletionStep start(Job job, DeletionStep.Start start, String files) {
    KubernetesClient client = context.getClient();
    // The cache may not have seen yet that the resource is gone, and nobody would end the Job.
    R live = client.resource(resource).get();
    if (live == null || !live.hasFinalizer(finalizer)) {
      return new DeletionStep.Gone();
    }
    try {
      client.resource(job).create();
      return start;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return start;
      }
      ApiRefusal refusal = ApiRefusal.of(e).orElseThrow(() -> e);
      return switch (refusal.kind()) {
        case TERMINATING -> new DeletionStep.LetGo(null);
        case FORBIDDEN ->
            new DeletionStep.LookAgain(
                "the API server refuses the Job that deletes %s: %s"
                    .formatted(files, refusal.message()));
        case INVALID ->
            new DeletionStep.LetGo(
                "%s stay: the API server refuses the Job that deletes them: %s"
                    .formatted(files, refusal.message()));
      };
    }
  }

  /** Ends Jobs that write. */
  public void end(DeletionStep.EndRuns step) {
    step.jobs()
        .forEach(
            job ->
                context
                    .getClient()
                    .resource(job)
                    .withPropagationPolicy(DeletionPropagation.BACKGROUND)
                    .delete());
  }

  /** First the finalizer, then the Job: a Job too much goes by itself, a resource does not. */
  public void letGo(DeletionStep.LetGo step, String job) {
    KubernetesClient client = context.getClient();
    if (step.kept() != null) {
      events.warn(client, resource, Reason.ARTIFACT_KEPT, step.kept());
    }
    context.resourceOperations().removeFinalizer(finalizer);
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(resource.getMetadata().getNamespace())
        .withName(job)
        .withPropagationPolicy(DeletionPropagation.BACKGROUND)
        .delete();
  }
}
