/** The controller of InferenceDeployments. */
@NullMarked
package dev.hone.operator.inference;

import org.jspecify.annotations.NullMarked;
