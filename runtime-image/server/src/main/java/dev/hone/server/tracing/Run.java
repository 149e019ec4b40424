package dev.hone.server.tracing;

/**
 * A run of the model, for all the requests that share it.
 *
 * @param started when the inputs were there
 * @param joined when they were one
 * @param computed when the model had outputs, or failed
 * @param parted when each request had its own
 * @param requests how many share it
 * @param rows how many rows they have together
 */
public record Run(long started, long joined, long computed, long parted, int requests, int rows) {}
