/** The gRPC front end: the Open Inference Protocol's service and gRPC's own health service. */
@NullMarked
package dev.hone.server.grpc;

import org.jspecify.annotations.NullMarked;
