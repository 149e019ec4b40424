package dev.hone.operator.engine;

/**
 * An engine that no deployment needs.
 *
 * @param key its key
 * @param idleMillis milliseconds since it was last needed; two may be let go within a second
 * @param bytes bytes of its files
 * @param built whether it is there; otherwise it is still being built, or has failed
 */
record UnusedEngine(String key, long idleMillis, long bytes, boolean built) {}
