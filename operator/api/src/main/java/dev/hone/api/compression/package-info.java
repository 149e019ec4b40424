/**
 * The CompressionJob resource: makes a model smaller and faster, and proves that it is still right.
 */
@NullMarked
package dev.hone.api.compression;

import org.jspecify.annotations.NullMarked;
