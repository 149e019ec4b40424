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
public class FineTuneJob extends CustomResource<FineTuneJobSpec, RunStatus> implements Namespaced {

  public static final String KIND = "FineTuneJob";
  public static final String PLURAL = "finetunejobs";

  private static final long serialVersionUID = 1L;
}
