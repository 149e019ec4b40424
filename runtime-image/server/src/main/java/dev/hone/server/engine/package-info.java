/** Engines: a model as it was prepared once for one class of machine. */
@NullMarked
package dev.hone.server.engine;

import org.jspecify.annotations.NullMarked;
