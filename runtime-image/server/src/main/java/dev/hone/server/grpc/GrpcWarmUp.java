package dev.hone.server.grpc;

import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ServerLiveRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Calls the server's own port before it is ready: the first call has hundreds of classes loaded and
 * linked, for which a client would wait for seconds where a container has a part of a processor.
 */
final class GrpcWarmUp {
  private static final Logger LOG = Logger.getLogger(GrpcWarmUp.class);
  private static final int ROUNDS = 10;
  private static final long PATIENCE_SECONDS = 30;

  /** It is refused, for no model is there yet; by then it has gone through all but a model. */
  private static final ModelInferRequest NO_MODEL =
      ModelInferRequest.newBuilder()
          .setModelName("none")
          .addInputs(
              ModelInferRequest.InferInputTensor.newBuilder()
                  .setName("text")
                  .setDatatype("BYTES")
                  .addShape(1)
                  .setContents(
                      InferTensorContents.newBuilder()
                          .addBytesContents(ByteString.copyFromUtf8("text"))))
          .build();

  private GrpcWarmUp() {}

  /** Calls a port of this machine that speaks plain HTTP/2. */
  static void run(int port) {
    long started = System.nanoTime();
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().directExecutor().build();
    try {
      for (int round = 0; round < ROUNDS; round++) {
        GRPCInferenceServiceBlockingStub service =
            GRPCInferenceServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
        LOG.tracef("live: %s", service.serverLive(ServerLiveRequest.getDefaultInstance()));
        infer(service);
      }
      LOG.infof("gRPC is warm after %d ms", (System.nanoTime() - started) / 1_000_000);
    } catch (StatusRuntimeException e) {
      LOG.warnf("gRPC could not be warmed up: %s", e.getMessage());
    } finally {
      channel.shutdownNow();
    }
  }

  private static void infer(GRPCInferenceServiceBlockingStub service) {
    try {
      LOG.tracef("answered: %s", service.modelInfer(NO_MODEL));
    } catch (StatusRuntimeException refused) {
      LOG.tracef("refused: %s", refused.getMessage());
    }
  }
}
