/** Decides how a new version takes over; pure. */
@NullMarked
package dev.hone.operator.rollout;

import org.jspecify.annotations.NullMarked;
