/** What is there now, as records. */
@NullMarked
package dev.hone.operator.observe;

import org.jspecify.annotations.NullMarked;
