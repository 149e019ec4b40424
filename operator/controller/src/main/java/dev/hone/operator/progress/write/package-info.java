/** Writes progress to the status of resources, newest first and never faster than the budget. */
@NullMarked
package dev.hone.operator.progress.write;

import org.jspecify.annotations.NullMarked;
