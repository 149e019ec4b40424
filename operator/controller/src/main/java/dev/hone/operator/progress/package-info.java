/** The HTTPS endpoint that running pods report to. */
@NullMarked
package dev.hone.operator.progress;

import org.jspecify.annotations.NullMarked;
