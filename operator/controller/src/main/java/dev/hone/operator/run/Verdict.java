package dev.hone.operator.run;

import dev.hone.api.Reason;

/**
 * Whether a result is let through.
 *
 * @param accepted whether it is
 * @param reason reason of the condition Accepted
 * @param message its message
 */
public record Verdict(boolean accepted, Reason reason, String message) {}
