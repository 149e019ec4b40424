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
@ShortNames("cj")
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
public class CompressionJob extends CustomResource<CompressionJobSpec, RunStatus>
    implements Namespaced {

  public static final String KIND = "CompressionJob";
  public static final String PLURAL = "compressionjobs";

  private static final long serialVersionUID = 1L;
}
