/** The operator's certificate authority and the certificate that it serves. */
@NullMarked
package dev.hone.operator.tls;

import org.jspecify.annotations.NullMarked;
