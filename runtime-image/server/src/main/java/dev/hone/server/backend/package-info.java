/** Runs one model: tensors in, tensors out. */
@NullMarked
package dev.hone.server.backend;

import org.jspecify.annotations.NullMarked;
