/** What a FineTuneJob and a CompressionJob have in common: one run of one Job. */
@NullMarked
package dev.hone.operator.run;

import org.jspecify.annotations.NullMarked;
