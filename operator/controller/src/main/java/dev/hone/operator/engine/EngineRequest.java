package dev.hone.operator.engine;

import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.Backend;
import dev.hone.api.inference.Batching;
import dev.hone.api.inference.Engine;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import org.jspecify.annotations.Nullable;

/**
 * What the engines of a deployment follow from.
 *
 * @param model the model that is to be served
 * @param backend what serves it
 * @param engine {@code spec.engine}
 * @param batching {@code spec.batching}
 * @param resources what each pod asks for
 * @param template the template of the serving pods, before engines have their say in it
 * @param versions what the server's image holds
 */
public record EngineRequest(
    ServedModel model,
    Backend backend,
    Engine engine,
    @Nullable Batching batching,
    @Nullable ServingResources resources,
    PodTemplateSpec template,
    EngineVersions versions) {}
