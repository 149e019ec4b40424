/** The FineTuneJob resource: trains a model on labelled data. */
@NullMarked
package dev.hone.api.finetune;

import org.jspecify.annotations.NullMarked;
