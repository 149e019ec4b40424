package dev.hone.operator.run;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ReportConfig;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.desired.RunConfigMap;
import dev.hone.operator.desired.RunJob;
import dev.hone.operator.desired.RunService;
import dev.hone.operator.integration.Kueue;
import dev.hone.operator.status.Patches;
import io.fabric8.kubernetes.api.model.DeletionPropagation;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Does in the cluster what the planner wants. */
final class RunExecutor {

  private static final Logger LOG = Logger.getLogger(RunExecutor.class);

  private final KubernetesClient client;
  private final RunSettings settings;

  RunExecutor(KubernetesClient client, RunSettings settings) {
    this.client = client;
    this.settings = settings;
  }

  /** Does everything that is wanted; gives the Job that was started, if one was. */
  Optional<Job> execute(RunView view, Optional<ResolvedModel> model, RunPlan plan) {
    Optional<Job> started = Optional.empty();
    for (RunAction action : plan.actions()) {
      switch (action) {
        case RunAction.End end -> end(end);
        case RunAction.Patch patch -> patch(patch);
        case RunAction.Activate change ->
            new Kueue(client).setActive(change.workload(), change.active());
        case RunAction.RestoreConfig restore -> applyConfig(view, model, restore.hash());
        case RunAction.Connect connect -> connect(view, connect.job(), connect.hash());
        case RunAction.Start start -> {
          applyConfig(view, model, start.hash());
          started = create(view, model.orElseThrow(), start.hash());
          if (view.nodes() > 1) {
            started.ifPresent(job -> connect(view, job, start.hash()));
          }
        }
      }
    }
    return started;
  }

  private void applyConfig(RunView view, Optional<ResolvedModel> model, String hash) {
    Owner owner = view.owner();
    ReportConfig report =
        new ReportConfig(
            settings.reportUrl() + Names.reportPath(owner.namespace(), view.plural(), owner.name()),
            RunJob.TOKEN_FILE,
            RunJob.CA_FILE);
    String config = ContractJson.write(view.config().create(model.orElseThrow(), hash, report));
    apply(new RunConfigMap(owner, hash, config, settings.caCertificate().get()).build());
  }

  private void connect(RunView view, Job job, String hash) {
    apply(new RunService(view.owner(), hash, job).build());
  }

  private void apply(HasMetadata desired) {
    client.resource(desired).patch(Patches.APPLY);
  }

  private Optional<Job> create(RunView view, ResolvedModel model, String hash) {
    Job desired =
        new RunJob(
                view.owner(),
                hash,
                view.image().orElseThrow(),
                settings.pullPolicy(),
                view.inputs(model),
                view.secrets(model),
                view.output(),
                view.resources(),
                view.policy(),
                view.queue(),
                view.podTemplate())
            .build();
    try {
      return Optional.of(client.resource(desired).create());
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
        throw e;
      }
      Job found = client.resource(desired).get();
      if (found == null) {
        // It has just gone, and no event may follow: the next try makes ours.
        throw e;
      }
      // Made by ourselves, before a restart or before the cache saw it: the name says that it is
      // the same run.
      return Optional.of(found)
          .filter(job -> !job.isMarkedForDeletion())
          .filter(
              job ->
                  job.getMetadata().getOwnerReferences().stream()
                      .anyMatch(reference -> reference.getUid().equals(view.owner().uid())));
    }
  }

  private void end(RunAction.End action) {
    LOG.infof("deleting Job %s: %s", action.job().getMetadata().getName(), action.why());
    client.resource(action.job()).withPropagationPolicy(DeletionPropagation.BACKGROUND).delete();
  }

  private void patch(RunAction.Patch action) {
    ObjectNode spec = JsonNodeFactory.instance.objectNode();
    RunAction.JobChange change = action.change();
    if (change.suspend() != null) {
      spec.put("suspend", change.suspend());
    }
    if (change.backoffLimit() != null) {
      spec.put("backoffLimit", change.backoffLimit());
    }
    if (change.activeDeadlineSeconds().changes()) {
      spec.put("activeDeadlineSeconds", change.activeDeadlineSeconds().value());
    }
    if (change.ttlSecondsAfterFinished().changes()) {
      spec.put("ttlSecondsAfterFinished", change.ttlSecondsAfterFinished().value());
    }
    ObjectNode patch = JsonNodeFactory.instance.objectNode();
    if (!spec.isEmpty()) {
      patch.set("spec", spec);
    }
    if (change.queue().changes()) {
      Queue queue = change.queue().value();
      patch
          .putObject("metadata")
          .putObject("labels")
          .put(Labels.QUEUE, queue == null ? null : queue.name())
          .put(Labels.QUEUE_PRIORITY, queue == null ? null : queue.priorityClass());
    }
    client.resource(action.job()).patch(Patches.MERGE, patch.toString());
  }
}
