/** Pure builders of every object that the operator makes. */
@NullMarked
package dev.hone.operator.desired;

import org.jspecify.annotations.NullMarked;
