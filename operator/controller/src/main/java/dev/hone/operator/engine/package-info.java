/** Engines: which ones a deployment needs, and the controller that has them built. */
@NullMarked
package dev.hone.operator.engine;

import org.jspecify.annotations.NullMarked;
