/** Which replica leads, and how it hands the lead over when it stops. */
@NullMarked
package dev.hone.operator.leader;

import org.jspecify.annotations.NullMarked;
