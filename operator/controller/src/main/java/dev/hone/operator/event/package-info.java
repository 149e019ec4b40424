/** Kubernetes events at changes of state. */
@NullMarked
package dev.hone.operator.event;

import org.jspecify.annotations.NullMarked;
