/** What the front ends and the engine agree on: deadlines, and the ways in which one can fail. */
@NullMarked
package dev.hone.server.inference;

import org.jspecify.annotations.NullMarked;
