package dev.hone.server.grpc;

import dev.hone.server.grpc.wire.InferParameter;
import dev.hone.server.protocol.ProtocolException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Parameters between gRPC's messages and the protocol's: strings, booleans, longs, doubles. */
final class Parameters {
  private Parameters() {}

  static Map<String, Object> read(Map<String, InferParameter> parameters) {
    if (parameters.isEmpty()) {
      return Map.of();
    }
    Map<String, Object> read = new LinkedHashMap<>();
    parameters.forEach((name, value) -> read.put(name, value(name, value)));
    return read;
  }

  private static Object value(String name, InferParameter parameter) {
    return switch (parameter.getParameterChoiceCase()) {
      case BOOL_PARAM -> parameter.getBoolParam();
      case INT64_PARAM -> parameter.getInt64Param();
      case STRING_PARAM -> parameter.getStringParam();
      case DOUBLE_PARAM -> parameter.getDoubleParam();
      case UINT64_PARAM -> {
        if (parameter.getUint64Param() < 0) {
          throw ProtocolException.badRequest(
              "parameter '%s' is %s, which does not fit 63 bits"
                  .formatted(name, Long.toUnsignedString(parameter.getUint64Param())));
        }
        yield parameter.getUint64Param();
      }
      case PARAMETERCHOICE_NOT_SET ->
          throw ProtocolException.badRequest(
              "parameter '%s' has no value: set one of its *_param fields".formatted(name));
    };
  }

  static InferParameter write(Object value) {
    InferParameter.Builder parameter = InferParameter.newBuilder();
    switch (value) {
      case Boolean truth -> parameter.setBoolParam(truth);
      case Long number -> parameter.setInt64Param(number);
      case Double number -> parameter.setDoubleParam(number);
      case Object text -> parameter.setStringParam(text.toString());
    }
    return parameter.build();
  }
}
