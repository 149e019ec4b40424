/** Configuration of the operator. */
@NullMarked
package dev.hone.operator.config;

import org.jspecify.annotations.NullMarked;
