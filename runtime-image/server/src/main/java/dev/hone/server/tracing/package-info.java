/** What requests go through, told to a collector of traces where the environment names one. */
@NullMarked
package dev.hone.server.tracing;

import org.jspecify.annotations.NullMarked;
