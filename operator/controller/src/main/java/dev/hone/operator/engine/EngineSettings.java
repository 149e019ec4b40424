package dev.hone.operator.engine;

/**
 * What every engine is built with.
 *
 * @param image image of the server
 * @param pullPolicy its pull policy
 */
public record EngineSettings(String image, String pullPolicy) {}
