/** Who may ask this server. */
@NullMarked
package dev.hone.server.access;

import org.jspecify.annotations.NullMarked;
