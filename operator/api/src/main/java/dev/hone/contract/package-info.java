/**
 * The versioned contract between the operator and the runtime in its pods; the JSON schemas beside
 * it are its source.
 */
@NullMarked
package dev.hone.contract;

import org.jspecify.annotations.NullMarked;
