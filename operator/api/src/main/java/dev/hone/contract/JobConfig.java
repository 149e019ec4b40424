package dev.hone.contract;

import dev.hone.api.ApiType;
import dev.hone.api.common.Task;
import dev.hone.api.common.Training;
import dev.hone.api.compression.Export;
import dev.hone.api.compression.Gate;
import dev.hone.api.compression.Search;
import dev.hone.api.compression.Step;
import dev.hone.api.finetune.Checkpoint;
import dev.hone.api.finetune.Evaluation;
import dev.hone.api.finetune.Method;
import dev.hone.api.finetune.Precision;
import dev.hone.api.finetune.Tracking;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the operator hands to a pod; what is executed stands in it under the names of the resource's
 * spec.
 */
@ApiType
public record JobConfig(
    String contractVersion,
    String kind,
    String namespace,
    String name,
    String hash,
    ResolvedModel model,
    DatasetConfig dataset,
    @Nullable Task task,
    @Nullable Method method,
    @Nullable Precision precision,
    @Nullable Training training,
    @Nullable Checkpoint checkpoint,
    @Nullable Evaluation evaluation,
    @Nullable Tracking tracking,
    @Nullable Distributed distributed,
    List<Step> steps,
    @Nullable Search search,
    @Nullable Export export,
    @Nullable Gate gate,
    OutputConfig output,
    @Nullable ReportConfig report) {

  public JobConfig {
    steps = steps == null ? List.of() : List.copyOf(steps);
  }
}
