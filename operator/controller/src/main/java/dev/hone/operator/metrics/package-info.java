/** What the operator measures of itself; docs/metrics.md lists every meter. */
@NullMarked
package dev.hone.operator.metrics;

import org.jspecify.annotations.NullMarked;
