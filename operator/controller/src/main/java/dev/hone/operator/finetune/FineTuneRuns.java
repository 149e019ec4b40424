package dev.hone.operator.finetune;

import dev.hone.api.common.DataSource;
import dev.hone.api.common.SourceKind;
import dev.hone.api.common.SourceReference;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.finetune.FineTuneJobSpec;
import dev.hone.contract.ContractVersion;
import dev.hone.contract.DatasetConfig;
import dev.hone.contract.Distributed;
import dev.hone.contract.JobConfig;
import dev.hone.contract.OutputConfig;
import dev.hone.contract.ReportConfig;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.Queue;
import dev.hone.operator.resolve.Unsupported;
import dev.hone.operator.run.RunView;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A FineTuneJob as the run logic sees it. */
public final class FineTuneRuns {

  private FineTuneRuns() {}

  /** The view of a resource. */
  public static RunView view(FineTuneJob resource) {
    FineTuneJobSpec spec = resource.getSpec();
    Owner owner = Owner.of(resource);
    return new RunView(
        owner,
        FineTuneJob.PLURAL,
        new SourceReference(SourceKind.FINE_TUNE_JOB, owner.name()),
        resource.getMetadata().getGeneration(),
        spec.model(),
        List.of(),
        data(spec).stream().map(DataSource::uri).toList(),
        data(spec).stream().map(DataSource::secretRef).filter(Objects::nonNull).toList(),
        spec.output().uri(),
        spec.output().deletionPolicy(),
        spec.resources(),
        spec.runPolicy(),
        Queue.of(resource).orElse(null),
        spec.podTemplate(),
        spec.rerun(),
        Unsupported.of(spec),
        false,
        Optional.empty(),
        (model, hash, report) -> config(owner, spec, model, hash, report),
        UnaryOperator.identity());
  }

  private static JobConfig config(
      Owner owner,
      FineTuneJobSpec spec,
      ResolvedModel model,
      String hash,
      @Nullable ReportConfig report) {
    return new JobConfig(
        ContractVersion.V1,
        FineTuneJob.KIND,
        owner.namespace(),
        owner.name(),
        hash,
        model,
        new DatasetConfig(
            spec.dataset().train(),
            spec.dataset().evaluation(),
            null,
            spec.dataset().columns(),
            spec.dataset().maxRows()),
        spec.task(),
        spec.method(),
        spec.precision(),
        spec.training(),
        spec.checkpoint(),
        spec.evaluation(),
        spec.tracking(),
        Distributed.of(spec.resources()),
        List.of(),
        null,
        null,
        null,
        new OutputConfig(spec.output().uri(), spec.output().merge()),
        report);
  }

  private static List<DataSource> data(FineTuneJobSpec spec) {
    return Stream.of(spec.dataset().train(), spec.dataset().evaluation())
        .filter(Objects::nonNull)
        .toList();
  }
}
