package dev.hone.operator.engine;

/**
 * An engine that no deployment needs.
 *
 * @param key its key
 * @param idleSeconds seconds since it was last needed
 * @param bytes bytes of its files
 * @param built whether it is there; otherwise it is still being built, or has failed
 */
record UnusedEngine(String key, long idleSeconds, long bytes, boolean built) {}
