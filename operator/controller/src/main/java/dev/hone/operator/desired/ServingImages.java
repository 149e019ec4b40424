package dev.hone.operator.desired;

/**
 * The images of serving pods.
 *
 * @param server image of Hone's own server
 * @param triton image of NVIDIA Triton Inference Server
 * @param pullPolicy pull policy of both
 */
public record ServingImages(String server, String triton, String pullPolicy) {}
