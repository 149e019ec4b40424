package dev.hone.operator.engine;

/**
 * What every engine is built with.
 *
 * @param image image of the server
 * @param pullPolicy its pull policy
 * @param unused what becomes of engines that nobody needs
 */
public record EngineSettings(String image, String pullPolicy, UnusedPolicy unused) {}
