package dev.hone.operator.inference;

/**
 * What every InferenceDeployment is given by the operator.
 *
 * @param image image of the server
 * @param pullPolicy its pull policy
 * @param gpuResource extended resource of GPUs, where a spec names none
 */
public record InferenceSettings(String image, String pullPolicy, String gpuResource) {}
