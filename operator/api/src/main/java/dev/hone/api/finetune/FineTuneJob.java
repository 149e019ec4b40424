package dev.hone.api.finetune;

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

/** Trains a model on labelled data. */
@Group(HoneApi.GROUP)
@Version(HoneApi.VERSION)
@Kind(FineTuneJob.KIND)
@Plural(FineTuneJob.PLURAL)
@Singular("finetunejob")
@ShortNames("ftj")
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Progress",
    jsonPath = ".status.progress.summary.percent",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Step",
    jsonPath = ".status.progress.summary.step",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Loss",
    jsonPath = ".status.progress.summary.loss",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "ETA",
    jsonPath = ".status.progress.summary.eta",
    type = Type.STRING)
@AdditionalPrinterColumn(
    name = "Accuracy",
    jsonPath = ".status.summary.accuracy",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Size", jsonPath = ".status.summary.size", type = Type.STRING)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@ValidationRule(value = Cel.NAME, message = Cel.NAME_MESSAGE)
@ValidationRule(
    value =
        "!has(self.spec.model.from) || self.spec.model.from.kind != 'FineTuneJob'"
            + " || self.spec.model.from.name != self.metadata.name",
    message = "spec.model.from" + Cel.SELF_REFERENCE_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.output.uri == oldSelf.spec.output.uri",
    message = "spec.output.uri" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.output.merge) == has(oldSelf.spec.output.merge)"
            + " && (!has(self.spec.output.merge) || self.spec.output.merge == oldSelf.spec.output.merge))",
    message = "spec.output.merge" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.model == oldSelf.spec.model",
    message = "spec.model" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.dataset == oldSelf.spec.dataset",
    message = "spec.dataset" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.task == oldSelf.spec.task",
    message = "spec.task" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.method == oldSelf.spec.method",
    message = "spec.method" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value = Cel.ONCE_STARTED + "self.spec.training == oldSelf.spec.training",
    message = "spec.training" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.precision) == has(oldSelf.spec.precision)"
            + " && (!has(self.spec.precision) || self.spec.precision == oldSelf.spec.precision))",
    message = "spec.precision" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.checkpoint) == has(oldSelf.spec.checkpoint)"
            + " && (!has(self.spec.checkpoint) || self.spec.checkpoint == oldSelf.spec.checkpoint))",
    message = "spec.checkpoint" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.evaluation) == has(oldSelf.spec.evaluation)"
            + " && (!has(self.spec.evaluation) || self.spec.evaluation == oldSelf.spec.evaluation))",
    message = "spec.evaluation" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(
    value =
        Cel.ONCE_STARTED
            + "(has(self.spec.tracking) == has(oldSelf.spec.tracking)"
            + " && (!has(self.spec.tracking) || self.spec.tracking == oldSelf.spec.tracking))",
    message = "spec.tracking" + Cel.ONCE_STARTED_MESSAGE)
@ValidationRule(value = Cel.RESOURCES_WITH_RERUN, message = Cel.RESOURCES_WITH_RERUN_MESSAGE)
@ValidationRule(value = Cel.POD_TEMPLATE_WITH_RERUN, message = Cel.POD_TEMPLATE_WITH_RERUN_MESSAGE)
@ValidationRule(value = Cel.CANCEL_FOR_GOOD, message = Cel.CANCEL_FOR_GOOD_MESSAGE)
public class FineTuneJob extends CustomResource<FineTuneJobSpec, RunStatus> implements Namespaced {

  public static final String KIND = "FineTuneJob";
  public static final String PLURAL = "finetunejobs";

  private static final long serialVersionUID = 1L;
}
