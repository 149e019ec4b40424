/** The controller of FineTuneJobs. */
@NullMarked
package dev.hone.operator.finetune;

import org.jspecify.annotations.NullMarked;
