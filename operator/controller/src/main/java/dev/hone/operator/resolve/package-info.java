/** Finds what a spec refers to by {@code from}. */
@NullMarked
package dev.hone.operator.resolve;

import org.jspecify.annotations.NullMarked;
