package dev.hone.operator.inference;

import dev.hone.operator.desired.ServingImages;
import dev.hone.operator.engine.EngineVersions;

/**
 * What every InferenceDeployment is given by the operator.
 *
 * @param images the images of its pods
 * @param gpuResource extended resource of GPUs, where a spec names none
 * @param versions what the server's image holds
 */
public record InferenceSettings(
    ServingImages images, String gpuResource, EngineVersions versions) {}
