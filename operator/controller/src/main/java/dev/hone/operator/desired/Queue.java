package dev.hone.operator.desired;

import dev.hone.api.Labels;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The queue of Kueue that a run waits in: Kueue starts and stops a Job that has these labels, and
 * nobody else does.
 *
 * @param name name of the LocalQueue
 * @param priorityClass name of a WorkloadPriorityClass
 */
public record Queue(String name, @Nullable String priorityClass) {

  /** The queue that a resource, or its Job, names by its labels. */
  public static Optional<Queue> of(HasMetadata object) {
    Map<String, String> labels = object.getMetadata().getLabels();
    return Optional.ofNullable(labels)
        .map(found -> found.get(Labels.QUEUE))
        .filter(name -> !name.isEmpty())
        .map(name -> new Queue(name, labels.get(Labels.QUEUE_PRIORITY)));
  }

  /** The labels that Kueue reads. */
  public Map<String, String> labels() {
    Map<String, String> labels = new HashMap<>();
    labels.put(Labels.QUEUE, name);
    if (priorityClass != null) {
      labels.put(Labels.QUEUE_PRIORITY, priorityClass);
    }
    return labels;
  }
}
