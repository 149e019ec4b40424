/** Whole-system tests: real pods, real training, the real chart. */
@NullMarked
package dev.hone.e2e;

import org.jspecify.annotations.NullMarked;
