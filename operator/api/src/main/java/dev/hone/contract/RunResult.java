package dev.hone.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.hone.api.ApiType;
import dev.hone.api.common.ExportSummary;
import dev.hone.api.common.LineageEntry;
import dev.hone.api.common.Metrics;
import dev.hone.api.common.PhaseDuration;
import dev.hone.api.common.Resumes;
import dev.hone.api.common.SearchReport;
import dev.hone.api.common.StepReport;
import dev.hone.api.common.TrainingSummary;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a finished run made and measured. */
@ApiType
public record RunResult(
    String contractVersion,
    String hash,
    boolean reused,
    ArtifactRef artifact,
    Metrics metrics,
    @Nullable TrainingSummary training,
    @Nullable Resumes resumes,
    List<StepReport> steps,
    @Nullable ExportSummary export,
    @Nullable SearchReport search,
    @JsonInclude(JsonInclude.Include.ALWAYS) List<LineageEntry> lineage,
    @JsonInclude(JsonInclude.Include.ALWAYS) List<PhaseDuration> phases,
    List<String> warnings) {

  public RunResult {
    steps = steps == null ? List.of() : List.copyOf(steps);
    lineage = lineage == null ? List.of() : List.copyOf(lineage);
    phases = phases == null ? List.of() : List.copyOf(phases);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }
}
