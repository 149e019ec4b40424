package dev.hone.contract;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
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

/** The commit of an artifact: written last, never changed. */
@ApiType
public record Manifest(
    int schemaVersion,
    String kind,
    String name,
    String hash,
    Format format,
    @Nullable String modelPath,
    @Nullable TrainedTask task,
    List<ManifestFile> files,
    @JsonInclude(JsonInclude.Include.ALWAYS) List<LineageEntry> lineage,
    @Nullable Metrics metrics,
    @Nullable TrainingSummary training,
    @Nullable Resumes resumes,
    List<StepReport> steps,
    @Nullable ExportSummary export,
    @Nullable SearchReport search,
    List<PhaseDuration> phases,
    List<String> warnings,
    String createdAt) {

  public Manifest {
    files = files == null ? List.of() : List.copyOf(files);
    lineage = lineage == null ? List.of() : List.copyOf(lineage);
    steps = steps == null ? List.of() : List.copyOf(steps);
    phases = phases == null ? List.of() : List.copyOf(phases);
    warnings = warnings == null ? List.of() : List.copyOf(warnings);
  }

  /** How the model of an artifact is stored. */
  public enum Format {
    @JsonProperty("Transformers")
    TRANSFORMERS,
    @JsonProperty("ONNX")
    ONNX,
    @JsonProperty("OpenVINO")
    OPEN_VINO,
    @JsonProperty("LiteRT")
    LITE_RT
  }
}
