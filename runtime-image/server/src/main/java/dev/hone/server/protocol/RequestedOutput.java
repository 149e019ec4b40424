package dev.hone.server.protocol;

/**
 * An output that a request asks for.
 *
 * @param classes with the classification extension, how many "score:index:label" strings; else 0
 */
public record RequestedOutput(String name, int classes) {}
