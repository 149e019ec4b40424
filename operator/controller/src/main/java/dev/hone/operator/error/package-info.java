/** Errors of the API server as sentences. */
@NullMarked
package dev.hone.operator.error;

import org.jspecify.annotations.NullMarked;
