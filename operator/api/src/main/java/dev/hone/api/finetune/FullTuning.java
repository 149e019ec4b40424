package dev.hone.api.finetune;

import dev.hone.api.ApiType;

/** Trains every weight. */
@ApiType
public record FullTuning() {}
