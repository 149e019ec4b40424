/** Reads what a Prometheus has scraped of the routers: another source of a rollout's figures. */
@NullMarked
package dev.hone.operator.prometheus;

import org.jspecify.annotations.NullMarked;
