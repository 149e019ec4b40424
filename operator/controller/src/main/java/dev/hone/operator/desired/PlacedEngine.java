package dev.hone.operator.desired;

import dev.hone.api.engine.EngineTarget;

/**
 * An engine that serving pods load.
 *
 * @param key its key
 * @param uri address of its folder
 * @param target the class of nodes that it is for
 */
public record PlacedEngine(String key, String uri, EngineTarget target) {}
