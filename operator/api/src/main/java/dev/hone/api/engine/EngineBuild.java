package dev.hone.api.engine;

import dev.hone.api.HoneApi;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn.Type;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * An engine for one key, which the operator makes by itself and every InferenceDeployment with that
 * key shares. It is named by its key: see {@link EngineKey}.
 */
@Group(HoneApi.GROUP)
@Version(HoneApi.VERSION)
@Kind(EngineBuild.KIND)
@Plural(EngineBuild.PLURAL)
@Singular("enginebuild")
@ShortNames("engb")
@AdditionalPrinterColumn(
    name = "State",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = Type.STRING)
@AdditionalPrinterColumn(name = "Provider", jsonPath = ".spec.runtime.provider", type = Type.STRING)
@AdditionalPrinterColumn(name = "Target", jsonPath = ".status.target", type = Type.STRING)
@AdditionalPrinterColumn(name = "Bytes", jsonPath = ".status.engine.sizeBytes", type = Type.INTEGER)
@AdditionalPrinterColumn(name = "Unused", jsonPath = ".status.unusedSince", type = Type.DATE)
@AdditionalPrinterColumn(name = "Age", jsonPath = ".metadata.creationTimestamp", type = Type.DATE)
public class EngineBuild extends CustomResource<EngineBuildSpec, EngineBuildStatus>
    implements Namespaced {

  public static final String KIND = "EngineBuild";
  public static final String PLURAL = "enginebuilds";

  private static final long serialVersionUID = 1L;
}
