package dev.hone.server.testing;

import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferRequest;
import dev.hone.server.grpc.wire.ModelInferRequest.InferInputTensor;
import dev.hone.server.grpc.wire.ModelInferResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/** A gRPC client of the server under test. */
public final class GrpcClient implements AutoCloseable {
  private final ManagedChannel channel;

  /** A client of the server on that port of this machine. */
  public GrpcClient(int port) {
    this.channel = NettyChannelBuilder.forAddress("localhost", port).usePlaintext().build();
  }

  /** A client of the server on that port of this machine, over TLS. */
  public GrpcClient(int port, KeyManagerFactory keys, TrustManagerFactory trust)
      throws SSLException {
    SslContextBuilder tls = SslContextBuilder.forClient().keyManager(keys).trustManager(trust);
    this.channel =
        NettyChannelBuilder.forAddress("localhost", port)
            .sslContext(GrpcSslContexts.configure(tls, SslProvider.JDK).build())
            .build();
  }

  /** Its connection. */
  public ManagedChannel channel() {
    return channel;
  }

  /** The service; each call has a minute. */
  public GRPCInferenceServiceBlockingStub service() {
    return GRPCInferenceServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  /** A request with one input in typed fields. */
  public static ModelInferRequest.Builder typed(
      String model, String input, String datatype, InferTensorContents contents, long... shape) {
    return ModelInferRequest.newBuilder()
        .setModelName(model)
        .addInputs(tensor(input, datatype, shape).setContents(contents));
  }

  /** An input without contents. */
  public static InferInputTensor.Builder tensor(String name, String datatype, long... shape) {
    InferInputTensor.Builder tensor =
        InferInputTensor.newBuilder().setName(name).setDatatype(datatype);
    for (long dim : shape) {
      tensor.addShape(dim);
    }
    return tensor;
  }

  /** A request to the model that maps x of three numbers. */
  public static ModelInferRequest.Builder affine(float... values) {
    return ModelInferRequest.newBuilder()
        .setModelName("affine")
        .setModelVersion("1")
        .addInputs(tensor("x", "FP32", values.length / 3, 3))
        .addRawInputContents(ByteString.copyFrom(BinaryClient.floats(values)));
  }

  /** A request that takes the longer the larger its number is. */
  public static ModelInferRequest spin(long steps) {
    return typed(
            "spin",
            "n",
            "INT64",
            InferTensorContents.newBuilder().addInt64Contents(steps).build(),
            1)
        .build();
  }

  /** The raw bytes of an output. */
  public static ByteBuffer raw(ModelInferResponse response, String output) {
    for (int index = 0; index < response.getOutputsCount(); index++) {
      if (response.getOutputs(index).getName().equals(output)) {
        return response
            .getRawOutputContents(index)
            .asReadOnlyByteBuffer()
            .order(ByteOrder.LITTLE_ENDIAN);
      }
    }
    throw new AssertionError("no output " + output + " in " + response);
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
