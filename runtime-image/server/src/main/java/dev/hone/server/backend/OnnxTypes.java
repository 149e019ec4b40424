package dev.hone.server.backend;

import ai.onnxruntime.OnnxJavaType;
import dev.hone.server.protocol.Datatype;
import java.util.Optional;

/** The protocol's datatypes and ONNX Runtime's, where its Java binding has one. */
final class OnnxTypes {
  private OnnxTypes() {}

  static Optional<Datatype> datatype(OnnxJavaType type) {
    return switch (type) {
      case BOOL -> Optional.of(Datatype.BOOL);
      case UINT8 -> Optional.of(Datatype.UINT8);
      case INT8 -> Optional.of(Datatype.INT8);
      case INT16 -> Optional.of(Datatype.INT16);
      case INT32 -> Optional.of(Datatype.INT32);
      case INT64 -> Optional.of(Datatype.INT64);
      case FLOAT16 -> Optional.of(Datatype.FP16);
      case FLOAT -> Optional.of(Datatype.FP32);
      case DOUBLE -> Optional.of(Datatype.FP64);
      case STRING -> Optional.of(Datatype.BYTES);
      default -> Optional.empty();
    };
  }

  static OnnxJavaType onnx(Datatype datatype) {
    return switch (datatype) {
      case BOOL -> OnnxJavaType.BOOL;
      case UINT8 -> OnnxJavaType.UINT8;
      case INT8 -> OnnxJavaType.INT8;
      case INT16 -> OnnxJavaType.INT16;
      case INT32 -> OnnxJavaType.INT32;
      case INT64 -> OnnxJavaType.INT64;
      case FP16 -> OnnxJavaType.FLOAT16;
      case FP32 -> OnnxJavaType.FLOAT;
      case FP64 -> OnnxJavaType.DOUBLE;
      case BYTES -> OnnxJavaType.STRING;
      case UINT16, UINT32, UINT64 ->
          throw new IllegalArgumentException("no ONNX Runtime tensor in Java holds " + datatype);
    };
  }
}
