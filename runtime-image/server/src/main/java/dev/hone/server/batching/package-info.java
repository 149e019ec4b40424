/** Work-conserving batching without a timer: one worker per model takes what waits. */
@NullMarked
package dev.hone.server.batching;

import org.jspecify.annotations.NullMarked;
