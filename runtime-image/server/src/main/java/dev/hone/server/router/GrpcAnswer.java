package dev.hone.server.router;

import com.google.protobuf.ByteString;
import dev.hone.server.grpc.wire.InferTensorContents;
import dev.hone.server.grpc.wire.ModelInferResponse;
import dev.hone.server.grpc.wire.ModelInferResponse.InferOutputTensor;
import dev.hone.server.protocol.Datatype;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.io.IOException;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;

/**
 * What a version answered to a call of one message, whole.
 *
 * @param end headers or trailers with the call's status
 * @param body the message, as gRPC frames it
 */
record GrpcAnswer(MultiMap end, Buffer body) implements Reply {
  private static final int FRAME = 5;

  /** Waits for the rest of an answer whose head has come. */
  static Future<GrpcAnswer> of(HttpClientResponse answer) {
    return answer.getHeader(GrpcStatus.HEADER) != null
        ? Future.succeededFuture(new GrpcAnswer(answer.headers(), Buffer.buffer()))
        : answer.body().map(body -> new GrpcAnswer(answer.trailers(), body));
  }

  @Override
  public boolean isGood() {
    return GrpcStatus.OK.equals(end.get(GrpcStatus.HEADER));
  }

  @Override
  public boolean isServerError() {
    return GrpcStatus.isServerError(end);
  }

  @Override
  public Map<String, Output> outputs() throws IOException {
    if (body.length() < FRAME || body.getInt(1) != body.length() - FRAME) {
      throw new IOException("it is not one message");
    }
    if (body.getByte(0) != 0) {
      throw new IOException("it is packed, although the call asked for plain bytes");
    }
    ModelInferResponse message = ModelInferResponse.parseFrom(body.getBytes(FRAME, body.length()));
    int raw = message.getRawOutputContentsCount();
    if (raw > 0 && raw != message.getOutputsCount()) {
      throw new IOException(
          "it has %d outputs and %d raw contents".formatted(message.getOutputsCount(), raw));
    }
    Map<String, Output> outputs = new LinkedHashMap<>();
    for (int index = 0; index < message.getOutputsCount(); index++) {
      InferOutputTensor output = message.getOutputs(index);
      outputs.put(
          output.getName(),
          raw == 0 ? typed(output) : raw(output, message.getRawOutputContents(index)));
    }
    if (outputs.isEmpty()) {
      throw new IOException("the answer has no outputs");
    }
    return outputs;
  }

  private static Output raw(InferOutputTensor output, ByteString contents) throws IOException {
    return AnswerReader.raw(
        output.getName(),
        output.getShapeList(),
        AnswerReader.datatype(output.getName(), output.getDatatype()),
        contents.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN));
  }

  private static Output typed(InferOutputTensor output) throws IOException {
    Datatype datatype = AnswerReader.datatype(output.getName(), output.getDatatype());
    InferTensorContents contents = output.getContents();
    if (datatype == Datatype.BYTES) {
      return new Output(
          output.getName(),
          output.getShapeList(),
          new double[0],
          contents.getBytesContentsList().stream()
              .map(ByteString::toByteArray)
              .map(AnswerReader::text)
              .toList());
    }
    return new Output(
        output.getName(),
        output.getShapeList(),
        numbers(output.getName(), datatype, contents).toArray(),
        List.of());
  }

  private static DoubleStream numbers(String name, Datatype datatype, InferTensorContents contents)
      throws IOException {
    return switch (datatype) {
      case BOOL -> contents.getBoolContentsList().stream().mapToDouble(value -> value ? 1 : 0);
      case INT8, INT16, INT32 ->
          contents.getIntContentsList().stream().mapToDouble(Integer::doubleValue);
      case INT64 -> contents.getInt64ContentsList().stream().mapToDouble(Long::doubleValue);
      case UINT8, UINT16, UINT32 ->
          contents.getUintContentsList().stream().mapToDouble(Integer::toUnsignedLong);
      case UINT64 -> contents.getUint64ContentsList().stream().mapToDouble(Long::doubleValue);
      case FP32 -> contents.getFp32ContentsList().stream().mapToDouble(Float::doubleValue);
      case FP64 -> contents.getFp64ContentsList().stream().mapToDouble(Double::doubleValue);
      case FP16, BF16, BYTES ->
          throw new IOException("output %s has no typed contents".formatted(name));
    };
  }
}
