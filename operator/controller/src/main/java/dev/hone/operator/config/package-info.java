/** What the operator is told from outside, read in one place. */
@NullMarked
package dev.hone.operator.config;

import org.jspecify.annotations.NullMarked;
