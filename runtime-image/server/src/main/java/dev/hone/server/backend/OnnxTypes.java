package dev.hone.server.backend;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.TensorInfo;
import dev.hone.server.protocol.Datatype;
import java.util.Optional;

/** The protocol's datatypes and ONNX Runtime's, where its Java binding has one. */
final class OnnxTypes {
  private OnnxTypes() {}

  /** The datatype of a model's tensor: of what it is, as the binding's own type knows no sign. */
  static Optional<Datatype> datatype(TensorInfo info) {
    return switch (info.onnxType) {
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> Optional.of(Datatype.BOOL);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> Optional.of(Datatype.UINT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16 -> Optional.of(Datatype.UINT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32 -> Optional.of(Datatype.UINT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64 -> Optional.of(Datatype.UINT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> Optional.of(Datatype.INT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> Optional.of(Datatype.INT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> Optional.of(Datatype.INT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> Optional.of(Datatype.INT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> Optional.of(Datatype.FP16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> Optional.of(Datatype.BF16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> Optional.of(Datatype.FP32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> Optional.of(Datatype.FP64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING -> Optional.of(Datatype.BYTES);
      default -> Optional.empty();
    };
  }

  /** What the binding makes an input of; it has nothing for unsigned integers above 8 bits. */
  static Optional<OnnxJavaType> onnx(Datatype datatype) {
    return switch (datatype) {
      case BOOL -> Optional.of(OnnxJavaType.BOOL);
      case UINT8 -> Optional.of(OnnxJavaType.UINT8);
      case INT8 -> Optional.of(OnnxJavaType.INT8);
      case INT16 -> Optional.of(OnnxJavaType.INT16);
      case INT32 -> Optional.of(OnnxJavaType.INT32);
      case INT64 -> Optional.of(OnnxJavaType.INT64);
      case FP16 -> Optional.of(OnnxJavaType.FLOAT16);
      case BF16 -> Optional.of(OnnxJavaType.BFLOAT16);
      case FP32 -> Optional.of(OnnxJavaType.FLOAT);
      case FP64 -> Optional.of(OnnxJavaType.DOUBLE);
      case BYTES -> Optional.of(OnnxJavaType.STRING);
      case UINT16, UINT32, UINT64 -> Optional.empty();
    };
  }
}
