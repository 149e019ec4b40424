package dev.hone.api.inference;

import dev.hone.api.HoneApi;
import dev.hone.api.common.Cel;
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

/** Serves a model, and takes over new artifacts of its source by itself. */
@Group(HoneApi.GROUP)
@Version(HoneApi.VERSION)
@Kind(InferenceDeployment.KIND)
@Plural(InferenceDeployment.PLURAL)
@Singular("inferencedeployment")
@ShortNames("infd")
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Ready", jsonPath = ".status.summary.ready", type = Type.STRING)
@AdditionalPrinterColumn(name = "Model", jsonPath = ".status.summary.model", type = Type.STRING)
@AdditionalPrinterColumn(name = "Provider", jsonPath = ".status.provider", type = Type.STRING)
@AdditionalPrinterColumn(name = "Endpoint", jsonPath = ".status.endpoint", type = Type.STRING)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
@ValidationRule(value = Cel.NAME, message = Cel.NAME_MESSAGE)
public class InferenceDeployment
    extends CustomResource<InferenceDeploymentSpec, InferenceDeploymentStatus>
    implements Namespaced {

  public static final String KIND = "InferenceDeployment";
  public static final String PLURAL = "inferencedeployments";

  private static final long serialVersionUID = 1L;
}
