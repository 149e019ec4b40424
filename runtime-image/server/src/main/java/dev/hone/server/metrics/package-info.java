/** What is counted for each model version, under Triton's names. */
@NullMarked
package dev.hone.server.metrics;

import org.jspecify.annotations.NullMarked;
