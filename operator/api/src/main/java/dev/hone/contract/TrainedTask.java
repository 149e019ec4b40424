package dev.hone.contract;

import dev.hone.api.ApiType;
import dev.hone.api.common.TaskType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a model was trained to do, with what has to be known to ask it. */
@ApiType
public record TrainedTask(
    TaskType type, List<String> labels, @Nullable Integer maxLength, @Nullable ImageInput image) {

  public TrainedTask {
    labels = labels == null ? List.of() : List.copyOf(labels);
  }
}
