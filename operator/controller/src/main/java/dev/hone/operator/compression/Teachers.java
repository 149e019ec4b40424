package dev.hone.operator.compression;

import dev.hone.api.common.ModelSource;
import dev.hone.api.common.SourceReference;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.api.compression.Distill;
import dev.hone.api.compression.Step;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.resolve.ModelResolver;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.resolve.SourceCatalog;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The teachers of a distillation: models beside the one that a CompressionJob starts from. */
final class Teachers {

  private Teachers() {}

  /** What became of each teacher that is named by {@code from}. */
  static List<Resolution> resolve(
      String namespace, SourceReference self, CompressionJobSpec spec, SourceCatalog catalog) {
    return spec.models().stream()
        .skip(1)
        .filter(teacher -> teacher.from() != null)
        .distinct()
        .map(
            teacher ->
                ModelResolver.resolve(namespace, self, teacher, "distill.teacher.from", catalog))
        .toList();
  }

  /** The steps with the address and digest of each teacher whose artifact is there. */
  static List<Step> resolved(List<Step> steps, List<Resolution> teachers) {
    return steps.stream().map(step -> resolved(step, teachers)).toList();
  }

  private static Step resolved(Step step, List<Resolution> teachers) {
    Distill distill = step.distill();
    SourceReference from = distill == null ? null : from(distill.teacher());
    if (distill == null || from == null) {
      return step;
    }
    Optional<ResolvedModel> model =
        teachers.stream()
            .filter(teacher -> from.toString().equals(teacher.source()))
            .flatMap(teacher -> teacher.model().stream())
            .findFirst();
    return model
        .map(found -> new ModelSource(found.uri(), found.revision(), found.digest(), null, null))
        .map(teacher -> withTeacher(distill, teacher))
        .map(taught -> new Step(taught, null, null, null, null, null))
        .orElse(step);
  }

  private static Distill withTeacher(Distill distill, ModelSource teacher) {
    return new Distill(
        teacher,
        distill.student(),
        distill.temperature(),
        distill.alpha(),
        distill.hiddenStateWeight(),
        distill.attentionWeight(),
        distill.training());
  }

  private static @Nullable SourceReference from(@Nullable ModelSource model) {
    return model == null ? null : model.from();
  }
}
