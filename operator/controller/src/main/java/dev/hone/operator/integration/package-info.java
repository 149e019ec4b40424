/** What Hone does with the resources of others, where those are installed: a class for each. */
@NullMarked
package dev.hone.operator.integration;

import org.jspecify.annotations.NullMarked;
