package dev.hone.api.finetune;

import dev.hone.api.ApiType;

/** Trains the biases and the head alone; a model without biases, such as Llama, is refused. */
@ApiType
public record BitFit() {}
