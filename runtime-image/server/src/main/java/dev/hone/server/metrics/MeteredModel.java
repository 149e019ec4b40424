package dev.hone.server.metrics;

import java.util.function.IntSupplier;

/**
 * A model version whose numbers are published.
 *
 * @param provider what really runs it
 * @param digest of its artifact, or empty
 * @param waiting how many of its requests wait
 */
public record MeteredModel(
    String name,
    String version,
    String provider,
    String digest,
    ModelStatistics statistics,
    IntSupplier waiting) {}
