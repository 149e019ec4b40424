/** The EngineBuild resource: an engine that is built once for everybody who needs it. */
@NullMarked
package dev.hone.api.engine;

import org.jspecify.annotations.NullMarked;
