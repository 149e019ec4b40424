/** What the probes of the operator's pods ask, and the order in which it stops. */
@NullMarked
package dev.hone.operator.health;

import org.jspecify.annotations.NullMarked;
