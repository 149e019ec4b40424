/** Names, labels, conditions and reasons that every kind of the API shares. */
@NullMarked
package dev.hone.api;

import org.jspecify.annotations.NullMarked;
