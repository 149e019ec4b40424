/**
 * The Open Inference Protocol v2: its documents, their JSON form, and what a request may hold.
 * Imports no other package of the server.
 */
@NullMarked
package dev.hone.server.protocol;

import org.jspecify.annotations.NullMarked;
