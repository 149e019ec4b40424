/** From text to the tensors of a text model. */
@NullMarked
package dev.hone.server.text;

import org.jspecify.annotations.NullMarked;
