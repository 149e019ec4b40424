/** Finds out which pod reports, and which run it belongs to. */
@NullMarked
package dev.hone.operator.progress.auth;

import org.jspecify.annotations.NullMarked;
