/** Load, warm up, become ready, drain, leave. */
@NullMarked
package dev.hone.server.lifecycle;

import org.jspecify.annotations.NullMarked;
