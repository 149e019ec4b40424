/** Parts that several kinds have in common. */
@NullMarked
package dev.hone.api.common;

import org.jspecify.annotations.NullMarked;
