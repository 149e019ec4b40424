package dev.hone.api.finetune;

import dev.hone.api.ApiType;

/** Trains the biases and the head alone. */
@ApiType
public record BitFit() {}
