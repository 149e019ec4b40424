/** The operator's certificate authority, and the certificates that it signs. */
@NullMarked
package dev.hone.operator.tls;

import org.jspecify.annotations.NullMarked;
