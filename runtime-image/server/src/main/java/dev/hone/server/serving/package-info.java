/** A loaded model version, from a checked request to its response. */
@NullMarked
package dev.hone.server.serving;

import org.jspecify.annotations.NullMarked;
