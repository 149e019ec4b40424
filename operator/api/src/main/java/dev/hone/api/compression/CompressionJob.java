package dev.hone.api.compression;

import dev.hone.api.HoneApi;
import dev.hone.api.common.Cel;
import dev.hone.api.common.RunStatus;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/** Makes a model smaller and faster, and lets it pass only if it is still right. */
@Group(HoneApi.GROUP)
@Version(HoneApi.VERSION)
@Kind(CompressionJob.KIND)
@Plural(CompressionJob.PLURAL)
@Singular("compressionjob")
@ShortNames("cpj")
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Progress",
    jsonPath = ".status.progress.summary.percent",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "ETA",
    jsonPath = ".status.progress.summary.eta",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Accuracy",
    jsonPath = ".status.summary.accuracy",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Drop",
    jsonPath = ".status.summary.accuracyDrop",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Size", jsonPath = ".status.summary.size", type = Type.STRING)
@AdditionalPrinterColumn(name = "Ratio", jsonPath = ".status.summary.sizeRatio", type = Type.STRING)
@AdditionalPrinterColumn(name = "Speedup", jsonPath = ".status.summary.speedup", type = Type.STRING)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@ValidationRule(value = Cel.NAME, message = Cel.NAME_MESSAGE)
@ValidationRule(
    value =
        "!has(self.spec.model.from) || self.spec.model.from.kind != 'CompressionJob'"
            + " || self.spec.model.from.name != self.metadata.name",
    message = "spec.model.from" + Cel.SELF_REFERENCE_MESSAGE)
@ValidationRule(
    value =
        "!has(self.spec.steps) || self.spec.steps.all(s, !has(s.distill) || !has(s.distill.teacher)"
            + " || !has(s.distill.teacher.from) || s.distill.teacher.from.kind != 'CompressionJob'"
            + " || s.distill.teacher.from.name != self.metadata.name)",
    message = "distill.teacher.from" + Cel.SELF_REFERENCE_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.output.uri == oldSelf.spec.output.uri",
    message = "spec.output.uri" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.model == oldSelf.spec.model",
    message = "spec.model" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.dataset == oldSelf.spec.dataset",
    message = "spec.dataset" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.export == oldSelf.spec.export",
    message = "spec.export" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.task) == has(oldSelf.spec.task)"
            + " && (!has(self.spec.task) || self.spec.task == oldSelf.spec.task))",
    message = "spec.task" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.steps) == has(oldSelf.spec.steps)"
            + " && (!has(self.spec.steps) || self.spec.steps == oldSelf.spec.steps))",
    message = "spec.steps" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(value = Cel.RESOURCES_WITH_RERUN, message = Cel.RESOURCES_WITH_RERUN_MESSAGE)
@ValidationRule(value = Cel.POD_TEMPLATE_WITH_RERUN, message = Cel.POD_TEMPLATE_WITH_RERUN_MESSAGE)
@ValidationRule(value = Cel.CANCEL_FOR_GOOD, message = Cel.CANCEL_FOR_GOOD_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.search) == has(oldSelf.spec.search)"
            + " && (!has(self.spec.search) || self.spec.search.objective == oldSelf.spec.search.objective))",
    message = "spec.search.objective" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "!has(self.spec.search) || !has(oldSelf.spec.search)"
            + " || (self.spec.search.?trials == oldSelf.spec.search.?trials"
            + " && self.spec.search.?timeoutSeconds == oldSelf.spec.search.?timeoutSeconds"
            + " && self.spec.search.?gpuHours == oldSelf.spec.search.?gpuHours"
            + " && self.spec.search.?parallelism == oldSelf.spec.search.?parallelism)",
    message = "spec.search, but for select," + Cel.ONCE_STARTED_MESSAGE)
public class CompressionJob extends CustomResource<CompressionJobSpec, RunStatus>
    implements Namespaced {

  public static final String KIND = "CompressionJob";
  public static final String PLURAL = "compressionjobs";

  private static final long serialVersionUID = 1L;
}
