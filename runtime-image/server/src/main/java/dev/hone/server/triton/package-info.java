/** A model repository for NVIDIA Triton Inference Server, made of an artifact. */
@NullMarked
package dev.hone.server.triton;

import org.jspecify.annotations.NullMarked;
