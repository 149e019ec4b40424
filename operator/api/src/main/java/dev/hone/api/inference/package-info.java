/** The InferenceDeployment resource: serves a model. */
@NullMarked
package dev.hone.api.inference;

import org.jspecify.annotations.NullMarked;
