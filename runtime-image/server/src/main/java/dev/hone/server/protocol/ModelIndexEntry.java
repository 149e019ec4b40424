package dev.hone.server.protocol;

/**
 * A model of the repository, as Triton's index says it.
 *
 * @param version or empty for a model that was never loaded
 * @param state READY, LOADING, UNAVAILABLE, or empty for a model that was never loaded
 * @param reason why it is unavailable, or empty
 */
public record ModelIndexEntry(String name, String version, String state, String reason) {}
