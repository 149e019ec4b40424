/** The controller of CompressionJobs, and their gate. */
@NullMarked
package dev.hone.operator.compression;

import org.jspecify.annotations.NullMarked;
