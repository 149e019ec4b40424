package dev.hone.operator.run;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.hone.api.Names;
import dev.hone.api.common.Artifact;
import dev.hone.api.common.JobReference;
import dev.hone.api.common.Metrics;
import dev.hone.api.common.RunStatus;
import dev.hone.contract.ArtifactRef;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ContractVersion;
import dev.hone.contract.RunResult;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds the result of a run: in the ConfigMap that its pod's report became, in the status that was
 * written before, or, if somebody deleted both, in what the pod left as its termination message.
 */
final class RunResults {

  private RunResults() {}

  static Optional<RunResult> find(RunInput in, String hash, @Nullable Job job) {
    return in.observed()
        .result(hash)
        .flatMap(RunResults::read)
        .or(() -> recorded(in.before(), hash))
        .or(() -> terminationMessage(in, hash, job))
        .map(in.view().effective());
  }

  private static Optional<RunResult> read(ConfigMap configMap) {
    String json = configMap.getData() == null ? null : configMap.getData().get(Names.RESULT_KEY);
    return json == null ? Optional.empty() : parse(json);
  }

  private static Optional<RunResult> parse(String json) {
    try {
      return Optional.of(ContractJson.read(json, RunResult.class))
          .filter(result -> result.artifact() != null);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static Optional<RunResult> recorded(RunStatus status, String hash) {
    JobReference job = status.job();
    Artifact artifact = status.artifact();
    if (job == null || artifact == null || !job.hash().equals(hash)) {
      return Optional.empty();
    }
    return Optional.of(
        new RunResult(
            ContractVersion.V1,
            hash,
            Boolean.TRUE.equals(artifact.reused()),
            new ArtifactRef(
                artifact.uri(),
                artifact.digest(),
                Objects.requireNonNullElse(artifact.sizeBytes(), 0L)),
            Objects.requireNonNullElseGet(status.metrics(), () -> new Metrics(null, null, null)),
            status.training(),
            status.resumes(),
            status.steps(),
            status.export(),
            status.search(),
            status.lineage(),
            status.phases(),
            status.warnings()));
  }

  private static Optional<RunResult> terminationMessage(
      RunInput in, String hash, @Nullable Job job) {
    if (job == null || !JobStates.isComplete(job)) {
      return Optional.empty();
    }
    return in.observed().pods(job).stream()
        .map(RunResults::message)
        .flatMap(Optional::stream)
        .map(message -> fromMessage(message, hash))
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Optional<String> message(Pod pod) {
    if (pod.getStatus() == null) {
      return Optional.empty();
    }
    return pod.getStatus().getContainerStatuses().stream()
        .filter(status -> Names.TRAINER_CONTAINER.equals(status.getName()))
        .map(ContainerStatus::getState)
        .filter(Objects::nonNull)
        .map(state -> state.getTerminated())
        .filter(Objects::nonNull)
        .filter(ended -> Integer.valueOf(0).equals(ended.getExitCode()))
        .map(ended -> ended.getMessage())
        .filter(Objects::nonNull)
        .findFirst();
  }

  private static Optional<RunResult> fromMessage(String message, String hash) {
    Optional<RunResult> whole =
        parse(message).filter(result -> hash.equals(result.hash()) && result.metrics() != null);
    if (whole.isPresent()) {
      return whole;
    }
    try {
      return Optional.ofNullable(ContractJson.read(message, ArtifactMessage.class).artifact())
          .map(
              artifact ->
                  new RunResult(
                      ContractVersion.V1,
                      hash,
                      false,
                      artifact,
                      new Metrics(null, null, null),
                      null,
                      null,
                      List.of(),
                      null,
                      null,
                      List.of(),
                      List.of(),
                      List.of()));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** What a pod leaves whose result is longer than a termination message may be. */
  @JsonIgnoreProperties(ignoreUnknown = true)
  private record ArtifactMessage(@Nullable ArtifactRef artifact) {}
}
