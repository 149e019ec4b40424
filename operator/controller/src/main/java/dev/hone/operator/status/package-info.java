/** Conditions, and writing a status only if it changed. */
@NullMarked
package dev.hone.operator.status;

import org.jspecify.annotations.NullMarked;
