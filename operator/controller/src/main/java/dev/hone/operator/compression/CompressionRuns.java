package dev.hone.operator.compression;

import dev.hone.api.common.DataSource;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.SecretReference;
import dev.hone.api.common.SourceKind;
import dev.hone.api.common.SourceReference;
import dev.hone.api.compression.CompressionDataset;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.api.compression.Distill;
import dev.hone.api.compression.Step;
import dev.hone.contract.ContractVersion;
import dev.hone.contract.DatasetConfig;
import dev.hone.contract.JobConfig;
import dev.hone.contract.OutputConfig;
import dev.hone.contract.ReportConfig;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.resolve.Resolution;
import dev.hone.operator.resolve.SourceCatalog;
import dev.hone.operator.resolve.Unsupported;
import dev.hone.operator.run.RunView;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A CompressionJob as the run logic sees it. */
public final class CompressionRuns {

  private CompressionRuns() {}

  /** The view of a resource, with what became of the teachers that it takes from others. */
  public static RunView view(CompressionJob resource, SourceCatalog catalog) {
    CompressionJobSpec spec = resource.getSpec();
    Owner owner = Owner.of(resource);
    SourceReference self = new SourceReference(SourceKind.COMPRESSION_JOB, owner.name());
    List<Resolution> teachers = Teachers.resolve(owner.namespace(), self, spec, catalog);
    List<Step> steps = Teachers.resolved(spec.steps(), teachers);
    return new RunView(
        owner,
        CompressionJob.PLURAL,
        self,
        resource.getMetadata().getGeneration(),
        spec.model(),
        teachers,
        inputs(spec.dataset(), steps),
        secrets(spec.dataset(), steps),
        spec.output().uri(),
        spec.output().deletionPolicy(),
        spec.resources(),
        spec.runPolicy(),
        Queue.of(resource).orElse(null),
        spec.podTemplate(),
        spec.rerun(),
        Unsupported.of(spec),
        spec.export().tfLite() != null,
        Optional.empty(),
        (model, hash, report) -> config(owner, spec, steps, model, hash, report),
        result -> SearchChoice.apply(spec, result));
  }

  /**
   * The gate and search.select stay out of it: they may change while the run goes on, and the
   * operator decides.
   */
  private static JobConfig config(
      Owner owner,
      CompressionJobSpec spec,
      List<Step> steps,
      ResolvedModel model,
      String hash,
      @Nullable ReportConfig report) {
    CompressionDataset data = spec.dataset();
    return new JobConfig(
        ContractVersion.V1,
        CompressionJob.KIND,
        owner.namespace(),
        owner.name(),
        hash,
        model,
        new DatasetConfig(
            data.train(), data.evaluation(), data.calibration(), data.columns(), data.maxRows()),
        spec.task(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        steps,
        spec.search() == null ? null : spec.search().executed(),
        spec.export(),
        null,
        new OutputConfig(spec.output().uri(), null),
        report);
  }

  private static Stream<DataSource> data(CompressionDataset data) {
    return Stream.of(data.train(), data.calibration(), data.evaluation()).filter(Objects::nonNull);
  }

  private static Stream<ModelSource> teachers(List<Step> steps) {
    return steps.stream()
        .map(Step::distill)
        .filter(Objects::nonNull)
        .map(Distill::teacher)
        .filter(Objects::nonNull);
  }

  private static List<String> inputs(CompressionDataset data, List<Step> steps) {
    return Stream.concat(
            data(data).map(DataSource::uri),
            teachers(steps).map(ModelSource::uri).filter(Objects::nonNull))
        .toList();
  }

  private static List<SecretReference> secrets(CompressionDataset data, List<Step> steps) {
    return Stream.concat(
            data(data).map(DataSource::secretRef), teachers(steps).map(ModelSource::secretRef))
        .filter(Objects::nonNull)
        .toList();
  }
}
