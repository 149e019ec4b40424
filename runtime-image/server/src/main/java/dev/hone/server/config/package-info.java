/** The server's settings. */
@NullMarked
package dev.hone.server.config;

import org.jspecify.annotations.NullMarked;
