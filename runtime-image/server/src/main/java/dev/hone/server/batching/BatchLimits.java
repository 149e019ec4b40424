package dev.hone.server.batching;

import java.time.Duration;

/**
 * What bounds a model's queue and its runs.
 *
 * @param maxRows the most rows in one run
 * @param maxQueue the most requests that wait, which bounds the memory that they hold
 * @param maxWait the longest wait that a request may be predicted to have
 */
public record BatchLimits(int maxRows, int maxQueue, Duration maxWait) {}
