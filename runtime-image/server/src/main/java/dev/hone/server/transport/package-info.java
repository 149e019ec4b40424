/** The HTTP routes. */
@NullMarked
package dev.hone.server.transport;

import org.jspecify.annotations.NullMarked;
