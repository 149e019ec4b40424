package dev.hone.operator.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.hone.api.ConditionTypes;
import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.Reason;
import dev.hone.api.common.RunStatus;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.engine.EngineKey;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.contract.ContractJson;
import dev.hone.contract.RunResult;
import dev.hone.operator.run.JobStates;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.client.CustomResource;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What holds whatever goes wrong; docs/faults.md has the same list.
 *
 * @param bench the namespace
 * @param writes what the operator wrote
 */
record Invariants(Workbench bench, Supplier<List<FaultyApi.Write>> writes) {

  private static final List<Class<? extends HasMetadata>> RESOURCES =
      List.of(
          FineTuneJob.class, CompressionJob.class, InferenceDeployment.class, EngineBuild.class);

  private static final List<Class<? extends HasMetadata>> MADE =
      List.of(
          Job.class,
          Pod.class,
          ConfigMap.class,
          Secret.class,
          Service.class,
          Deployment.class,
          HorizontalPodAutoscaler.class,
          PodDisruptionBudget.class);

  /** All of them that hold while a resource is there. */
  void check() {
    checkOneJobPerHash();
    checkOneEnginePerKey();
    bench.objects(List.of(FineTuneJob.class)).map(FineTuneJob.class::cast).forEach(this::checkRun);
    bench
        .objects(List.of(CompressionJob.class))
        .map(CompressionJob.class::cast)
        .forEach(this::checkRun);
    bench
        .objects(List.of(EngineBuild.class))
        .map(EngineBuild.class::cast)
        .forEach(this::checkEngine);
  }

  /** Not only is there one Job of a run: there never was another one. */
  void checkOneJobPerHash() {
    Map<String, Long> made =
        writes.get().stream()
            .filter(write -> write.call().what().equals("POST jobs"))
            .filter(write -> write.status() == HttpURLConnection.HTTP_CREATED)
            .collect(Collectors.groupingBy(write -> write.call().name(), Collectors.counting()));
    assertThat(made).allSatisfy((name, times) -> assertThat(times).as(name).isEqualTo(1));
    Map<String, Long> perRun =
        bench
            .objects(List.of(Job.class))
            .filter(job -> job.getMetadata().getLabels().containsKey(Labels.SPEC_HASH))
            .collect(
                Collectors.groupingBy(
                    job ->
                        owner(job).map(OwnerReference::getUid).orElse("nobody")
                            + " "
                            + job.getMetadata().getLabels().get(Labels.SPEC_HASH),
                    Collectors.counting()));
    assertThat(perRun).allSatisfy((run, jobs) -> assertThat(jobs).as(run).isEqualTo(1));
  }

  /** One EngineBuild for a key, and one Job for an EngineBuild. */
  void checkOneEnginePerKey() {
    List<EngineBuild> builds =
        bench.objects(List.of(EngineBuild.class)).map(EngineBuild.class::cast).toList();
    for (EngineBuild build : builds) {
      assertThat(build.getMetadata().getName()).isEqualTo(EngineKey.of(build.getSpec()));
      assertThat(jobsOf(build)).hasSizeLessThanOrEqualTo(1);
    }
  }

  private List<HasMetadata> jobsOf(HasMetadata resource) {
    return bench
        .objects(List.of(Job.class))
        .filter(
            job ->
                owner(job)
                    .filter(owner -> owner.getUid().equals(resource.getMetadata().getUid()))
                    .isPresent())
        .toList();
  }

  /** A status is about this spec, this Job and this result. */
  private void checkRun(CustomResource<?, RunStatus> resource) {
    RunStatus status = resource.getStatus();
    assertThat(status.observedGeneration()).isEqualTo(resource.getMetadata().getGeneration());
    String reason = reason(status.conditions());
    var recorded = status.job();
    if (recorded == null) {
      assertThat(jobsOf(resource)).as(reason).isEmpty();
      return;
    }
    Job job = get(Job.class, recorded.name());
    if (job != null) {
      assertThat(job.getMetadata().getUid()).isEqualTo(recorded.uid());
      assertThat(JobStates.isFailed(job)).isEqualTo(reason.equals(Reason.FAILED.value()));
    }
    ConfigMap result =
        get(
            ConfigMap.class,
            Names.resultConfigMap(resource.getMetadata().getName(), recorded.hash()));
    Set<String> withResult =
        Set.of(
            Reason.COMPLETED.value(),
            Reason.REUSED.value(),
            Reason.REJECTED.value(),
            Reason.EVALUATING_GATE.value());
    assertThat(withResult.contains(reason)).as(reason).isEqualTo(result != null);
    if (result == null) {
      assertThat(status.artifact()).isNull();
    } else {
      RunResult made = result(result);
      assertThat(status.artifact()).isNotNull();
      assertThat(status.artifact().digest()).isEqualTo(made.artifact().digest());
      assertThat(status.artifact().uri()).isEqualTo(made.artifact().uri());
    }
  }

  private void checkEngine(EngineBuild build) {
    var status = build.getStatus();
    assertThat(status.observedGeneration()).isEqualTo(build.getMetadata().getGeneration());
    boolean ready = ConditionSet.isTrue(status.conditions(), ConditionTypes.READY);
    assertThat(ready).isEqualTo(status.engine() != null);
    assertThat(jobsOf(build))
        .allSatisfy(job -> assertThat(JobStates.isComplete((Job) job)).isEqualTo(ready));
  }

  /** Once every resource is deleted, there is nothing that the cluster does not take by itself. */
  void checkThatNothingIsLeft() {
    List<HasMetadata> objects =
        Stream.concat(bench.objects(RESOURCES), bench.objects(MADE)).toList();
    List<HasMetadata> left = withoutGarbage(objects);
    while (left.size() < objects.size()) {
      objects = left;
      left = withoutGarbage(objects);
    }
    assertThat(left)
        .filteredOn(object -> !(object instanceof Job job && goesByItself(job)))
        .extracting(object -> object.getKind() + " " + object.getMetadata().getName())
        .isEmpty();
  }

  /** What the garbage collector leaves: this API server has none. */
  private static List<HasMetadata> withoutGarbage(List<HasMetadata> objects) {
    Set<String> there =
        objects.stream().map(object -> object.getMetadata().getUid()).collect(Collectors.toSet());
    return objects.stream()
        .filter(
            object ->
                object.getMetadata().getOwnerReferences().isEmpty()
                    || object.getMetadata().getOwnerReferences().stream()
                        .anyMatch(owner -> there.contains(owner.getUid())))
        .toList();
  }

  private static boolean goesByItself(Job job) {
    return JobStates.isComplete(job) && job.getSpec().getTtlSecondsAfterFinished() != null;
  }

  private <T extends HasMetadata> @Nullable T get(Class<T> type, String name) {
    return bench.client().resources(type).inNamespace(bench.namespace()).withName(name).get();
  }

  private static Optional<OwnerReference> owner(HasMetadata object) {
    return object.getMetadata().getOwnerReferences().stream()
        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
        .findFirst();
  }

  private static String reason(List<Condition> conditions) {
    return ConditionSet.find(conditions, ConditionTypes.READY)
        .map(Condition::getReason)
        .orElseThrow();
  }

  private static RunResult result(ConfigMap kept) {
    try {
      return ContractJson.read(kept.getData().get(Names.RESULT_KEY), RunResult.class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
