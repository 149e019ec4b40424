/** The HTTPS server that takes reports. */
@NullMarked
package dev.hone.operator.progress.http;

import org.jspecify.annotations.NullMarked;
