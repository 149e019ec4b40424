package dev.hone.operator.inference;

import dev.hone.operator.engine.EngineVersions;

/**
 * What every InferenceDeployment is given by the operator.
 *
 * @param image image of the server
 * @param pullPolicy its pull policy
 * @param gpuResource extended resource of GPUs, where a spec names none
 * @param versions what the server's image holds
 */
public record InferenceSettings(
    String image, String pullPolicy, String gpuResource, EngineVersions versions) {}
