package dev.hone.contract;

import dev.hone.api.ApiType;

/** Why a run ended without an artifact; the termination message of its container. */
@ApiType
public record Failure(String reason, String message) {}
