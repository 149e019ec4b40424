/** From encoded images to the tensor of an image model, as Pillow and Transformers make it. */
@NullMarked
package dev.hone.server.image;

import org.jspecify.annotations.NullMarked;
