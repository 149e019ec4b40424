package dev.hone.api.common;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import dev.hone.api.ApiType;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Status of a resource that is run once: of a FineTuneJob or a CompressionJob. */
@ApiType
public record RunStatus(
    @JsonPropertyDescription("Generation of the spec that this status speaks of.")
        @Nullable Long observedGeneration,
    @JsonPropertyDescription("Ready, ReferencesResolved and, for a CompressionJob, Accepted.")
        List<Condition> conditions,
    @JsonPropertyDescription("The Job that runs this resource.") @Nullable JobReference job,
    @JsonPropertyDescription("Where the run is.") @Nullable Progress progress,
    @JsonPropertyDescription("What the run made.") @Nullable Artifact artifact,
    @JsonPropertyDescription("What was measured before and after.") @Nullable Metrics metrics,
    @JsonPropertyDescription("How the training went.") @Nullable TrainingSummary training,
    @JsonPropertyDescription("How often the training went on in another pod.")
        @Nullable Resumes resumes,
    @JsonPropertyDescription("What each compression step did, in the order they were carried out.")
        List<StepReport> steps,
    @JsonPropertyDescription("What the model was written as, and how close the file is to PyTorch.")
        @Nullable ExportSummary export,
    @JsonPropertyDescription("What a search for a recipe found.") @Nullable SearchReport search,
    @JsonPropertyDescription("What the artifact was made of.") List<LineageEntry> lineage,
    @JsonPropertyDescription("How long each phase took.") List<PhaseDuration> phases,
    @JsonPropertyDescription("What went otherwise than it seems, and why.") List<String> warnings,
    @JsonPropertyDescription("Why the run failed.") @Nullable RunFailure failure,
    @JsonPropertyDescription("When the Job started.") @Nullable String startTime,
    @JsonPropertyDescription("When the run ended.") @Nullable String completionTime,
    @JsonPropertyDescription("The results, rounded for people.") @Nullable RunSummary summary) {

  public RunStatus {
    conditions = conditions == null ? List.of() : List.copyOf(conditions);
    steps = steps == null ? List.of() : List.copyOf(steps);
    lineage = lineage == null ? List.of() : List.copyOf(lineage);
    phases = phases == null ? List.of() : List.copyOf(phases);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }

  /** A status that says nothing yet. */
  public static RunStatus empty() {
    return new Builder().build();
  }

  /** What the leader writes of a status: everything but the progress, which has another writer. */
  public static RunStatus withoutProgress(@Nullable RunStatus status) {
    return status == null ? empty() : status.toBuilder().progress(null).build();
  }

  /** A builder that starts from this status. */
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.observedGeneration = observedGeneration;
    builder.conditions = conditions;
    builder.job = job;
    builder.progress = progress;
    builder.artifact = artifact;
    builder.metrics = metrics;
    builder.training = training;
    builder.resumes = resumes;
    builder.steps = steps;
    builder.export = export;
    builder.search = search;
    builder.lineage = lineage;
    builder.phases = phases;
    builder.warnings = warnings;
    builder.failure = failure;
    builder.startTime = startTime;
    builder.completionTime = completionTime;
    builder.summary = summary;
    return builder;
  }

  /** Builds a status member by member. */
  public static final class Builder {
    private @Nullable Long observedGeneration;
    private List<Condition> conditions = List.of();
    private @Nullable JobReference job;
    private @Nullable Progress progress;
    private @Nullable Artifact artifact;
    private @Nullable Metrics metrics;
    private @Nullable TrainingSummary training;
    private @Nullable Resumes resumes;
    private List<StepReport> steps = List.of();
    private @Nullable ExportSummary export;
    private @Nullable SearchReport search;
    private List<LineageEntry> lineage = List.of();
    private List<PhaseDuration> phases = List.of();
    private List<String> warnings = List.of();
    private @Nullable RunFailure failure;
    private @Nullable String startTime;
    private @Nullable String completionTime;
    private @Nullable RunSummary summary;

    public Builder observedGeneration(@Nullable Long value) {
      this.observedGeneration = value;
      return this;
    }

    public Builder conditions(List<Condition> value) {
      this.conditions = value;
      return this;
    }

    public Builder job(@Nullable JobReference value) {
      this.job = value;
      return this;
    }

    public Builder progress(@Nullable Progress value) {
      this.progress = value;
      return this;
    }

    public Builder artifact(@Nullable Artifact value) {
      this.artifact = value;
      return this;
    }

    public Builder metrics(@Nullable Metrics value) {
      this.metrics = value;
      return this;
    }

    public Builder training(@Nullable TrainingSummary value) {
      this.training = value;
      return this;
    }

    public Builder resumes(@Nullable Resumes value) {
      this.resumes = value;
      return this;
    }

    public Builder steps(List<StepReport> value) {
      this.steps = value;
      return this;
    }

    public Builder export(@Nullable ExportSummary value) {
      this.export = value;
      return this;
    }

    public Builder search(@Nullable SearchReport value) {
      this.search = value;
      return this;
    }

    public Builder lineage(List<LineageEntry> value) {
      this.lineage = value;
      return this;
    }

    public Builder phases(List<PhaseDuration> value) {
      this.phases = value;
      return this;
    }

    public Builder warnings(List<String> value) {
      this.warnings = value;
      return this;
    }

    public Builder failure(@Nullable RunFailure value) {
      this.failure = value;
      return this;
    }

    public Builder startTime(@Nullable String value) {
      this.startTime = value;
      return this;
    }

    public Builder completionTime(@Nullable String value) {
      this.completionTime = value;
      return this;
    }

    public Builder summary(@Nullable RunSummary value) {
      this.summary = value;
      return this;
    }

    public RunStatus build() {
      return new RunStatus(
          observedGeneration,
          conditions,
          job,
          progress,
          artifact,
          metrics,
          training,
          resumes,
          steps,
          export,
          search,
          lineage,
          phases,
          warnings,
          failure,
          startTime,
          completionTime,
          summary);
    }
  }
}
