package dev.hone.operator.it;

import static dev.hone.operator.it.Workbench.fineTuneIs;

import dev.hone.api.Names;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What happens to resources from their application to their deletion, each step as soon as the
 * operator has done its part, with a look at the invariants between them.
 */
record Story(FaultStage stage) {

  static final String RUN = "spam-lora";
  static final List<String> DEPLOYMENTS = List.of("one", "two");

  private static final String DIGEST = "sha256:" + "a".repeat(64);

  private Workbench bench() {
    return stage.bench;
  }

  private Kubelet kubelet() {
    return stage.kubelet;
  }

  private Invariants invariants() {
    return new Invariants(bench(), stage.api::writes);
  }

  /** A run that goes well, up to its artifact. */
  FineTuneJob train() {
    bench().apply("00-volume.yaml");
    bench()
        .apply(
            Workbench.FINE_TUNE,
            yaml ->
                yaml.replace(
                    "    uri: pvc://spam-filter/artifacts",
                    "    uri: pvc://spam-filter/artifacts\n    deletionPolicy: Delete"));
    Job job = bench().job(RUN);
    Pod pod = kubelet().podOf(job);
    kubelet().running(pod, Names.TRAINER_CONTAINER);
    bench().fineTune(RUN, fineTuneIs("Running"));
    invariants().check();
    kubelet()
        .result(
            job,
            "result.finetune.json",
            "pvc://spam-filter/artifacts/" + job.getMetadata().getName(),
            DIGEST);
    kubelet().ended(pod, Names.TRAINER_CONTAINER, 0, "Completed", null);
    kubelet().succeed(job);
    FineTuneJob done = bench().fineTune(RUN, fineTuneIs("Completed"));
    invariants().check();
    return done;
  }

  /** Its deletion together with its artifact. */
  void delete(FineTuneJob resource) {
    bench().client().resource(resource).delete();
    String name = Names.deletionJob(RUN, resource.getMetadata().getUid());
    Job deletion = bench().await(Job.class, name, found -> found != null);
    kubelet().succeed(deletion);
    bench().awaitGone(FineTuneJob.class, RUN);
    // The last write. Where it fails, nobody is left to try it again, and the Job goes by itself.
    stage.awaitUnlessDied(stage.api.written("DELETE jobs"));
  }

  /** A node that engines are built for; it belongs to no namespace. */
  Node node() {
    return kubelet()
        .node(
            bench().namespace() + "-v3",
            Map.of(
                "kubernetes.io/arch",
                "amd64",
                EngineIT.FEATURE + "cpu-model.family",
                "6",
                EngineIT.FEATURE + "cpu-cpuid.AVX2",
                "true",
                "pool",
                bench().namespace()));
  }

  /** Two deployments with the key of one engine, up to their Deployments. */
  void serve() {
    DEPLOYMENTS.forEach(this::serve);
    List<EngineBuild> builds =
        bench()
            .client()
            .resources(EngineBuild.class)
            .inNamespace(bench().namespace())
            .informOnCondition(found -> !found.isEmpty())
            .orTimeout(30, TimeUnit.SECONDS)
            .join();
    String key = builds.getFirst().getMetadata().getName();
    Job job = bench().job(key);
    Pod pod = kubelet().podOf(job);
    kubelet().running(pod, Names.SERVER_CONTAINER);
    kubelet().ended(pod, Names.SERVER_CONTAINER, 0, "Completed", EngineBuilders.BUILT);
    kubelet().succeed(job);
    bench()
        .await(
            EngineBuild.class,
            key,
            seen ->
                seen.getStatus() != null
                    && ConditionSet.isTrue(seen.getStatus().conditions(), "Ready"));
    for (String name : DEPLOYMENTS) {
      bench()
          .await(
              Deployment.class,
              name,
              found ->
                  key.equals(
                      found
                          .getSpec()
                          .getTemplate()
                          .getMetadata()
                          .getAnnotations()
                          .get(Serving.ENGINES_ANNOTATION)));
    }
    invariants().check();
  }

  private void serve(String name) {
    bench()
        .applyText(
            """
            apiVersion: hone.dev/v1alpha1
            kind: InferenceDeployment
            metadata: {name: %s}
            spec:
              model: {uri: "pvc://spam-filter/artifacts/model", digest: "%s"}
              replicas: 1
              engine: {providers: [CPU]}
              batching: {maxBatchSize: 4, sequenceLengths: [32, 128], maxWaitMillis: 500}
              podTemplate: {spec: {nodeSelector: {pool: %s}}}
            """
                .formatted(name, DIGEST, bench().namespace()));
  }

  /** The deletion of both deployments. */
  void stopServing() {
    for (String name : DEPLOYMENTS) {
      HasMetadata resource = bench().await(InferenceDeployment.class, name, found -> true);
      bench().client().resource(resource).delete();
      bench().awaitGone(InferenceDeployment.class, name);
    }
  }

  /** Once everything is deleted. */
  void checkThatNothingIsLeft() {
    invariants().checkThatNothingIsLeft();
  }
}
