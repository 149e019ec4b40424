package dev.hone.server.protocol;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.ByteArrayBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Writes the protocol's documents as JSON. */
public final class JsonWriter {
  private final JsonFactory json =
      JsonFactory.builder().enable(StreamWriteFeature.USE_FAST_DOUBLE_WRITER).build();

  /** The body of every error answer. */
  public byte[] error(String sentence) {
    return object(generator -> generator.writeStringField("error", sentence));
  }

  /** An object with one boolean, as the health routes answer. */
  public byte[] flag(String field, boolean value) {
    return object(generator -> generator.writeBooleanField(field, value));
  }

  /** That the server is not ready, and why it will not be. */
  public byte[] notReady(String sentence) {
    return object(
        generator -> {
          generator.writeBooleanField("ready", false);
          generator.writeStringField("error", sentence);
        });
  }

  /** Whether a model is ready. */
  public byte[] modelReady(String name, boolean ready) {
    return object(
        generator -> {
          generator.writeStringField("name", name);
          generator.writeBooleanField("ready", ready);
        });
  }

  /** The server's metadata. */
  public byte[] server(String name, String version, List<String> extensions) {
    return object(
        generator -> {
          generator.writeStringField("name", name);
          generator.writeStringField("version", version);
          strings(generator, "extensions", extensions);
        });
  }

  /** What models have done, as Triton's statistics extension has it. */
  public byte[] statistics(List<ModelStats> models) {
    return object(
        generator -> {
          generator.writeArrayFieldStart("model_stats");
          for (ModelStats model : models) {
            generator.writeStartObject();
            generator.writeStringField("name", model.name());
            generator.writeStringField("version", model.version());
            generator.writeNumberField("last_inference", model.lastInference());
            generator.writeNumberField("inference_count", model.inferences());
            generator.writeNumberField("execution_count", model.executions());
            generator.writeObjectFieldStart("inference_stats");
            timings(generator, model.requests());
            generator.writeEndObject();
            generator.writeArrayFieldStart("batch_stats");
            for (Map.Entry<Integer, Map<String, ModelStats.Timing>> batch :
                model.batches().entrySet()) {
              generator.writeStartObject();
              generator.writeNumberField("batch_size", batch.getKey());
              timings(generator, batch.getValue());
              generator.writeEndObject();
            }
            generator.writeEndArray();
            generator.writeEndObject();
          }
          generator.writeEndArray();
        });
  }

  private static void timings(JsonGenerator generator, Map<String, ModelStats.Timing> timings)
      throws IOException {
    for (Map.Entry<String, ModelStats.Timing> timing : timings.entrySet()) {
      generator.writeObjectFieldStart(timing.getKey());
      generator.writeNumberField("count", timing.getValue().count());
      generator.writeNumberField("ns", timing.getValue().nanos());
      generator.writeEndObject();
    }
  }

  /** The repository's models, as Triton's repository extension has them: a list, not an object. */
  public byte[] index(List<ModelIndexEntry> models) {
    return document(
        generator -> {
          generator.writeStartArray();
          for (ModelIndexEntry model : models) {
            generator.writeStartObject();
            generator.writeStringField("name", model.name());
            generator.writeStringField("version", model.version());
            generator.writeStringField("state", model.state());
            generator.writeStringField("reason", model.reason());
            generator.writeEndObject();
          }
          generator.writeEndArray();
        });
  }

  /** A model's metadata. */
  public byte[] model(ModelMetadata model) {
    return object(
        generator -> {
          generator.writeStringField("name", model.name());
          strings(generator, "versions", model.versions());
          generator.writeStringField("platform", model.platform());
          tensors(generator, "inputs", model.inputs());
          tensors(generator, "outputs", model.outputs());
          parameters(generator, model.parameters());
        });
  }

  /**
   * An inference response.
   *
   * @param binary which outputs follow the document as binary data
   * @throws ProtocolException with status 500 if another output holds what JSON cannot
   */
  public ResponseBody response(InferenceResponse response, Predicate<String> binary) {
    List<ByteBuffer> tail = new ArrayList<>();
    byte[] document =
        object(
            generator -> {
              if (response.id() != null) {
                generator.writeStringField("id", response.id());
              }
              generator.writeStringField("model_name", response.modelName());
              generator.writeStringField("model_version", response.modelVersion());
              if (!response.parameters().isEmpty()) {
                parameters(generator, response.parameters());
              }
              generator.writeArrayFieldStart("outputs");
              for (Tensor output : response.outputs()) {
                generator.writeStartObject();
                generator.writeStringField("name", output.name());
                generator.writeStringField("datatype", output.datatype().name());
                shape(generator, output.shape());
                if (binary.test(output.name())) {
                  ByteBuffer raw = RawTensor.encode(output);
                  parameters(generator, Map.of("binary_data_size", (long) raw.remaining()));
                  tail.add(raw);
                } else {
                  data(generator, output);
                }
                generator.writeEndObject();
              }
              generator.writeEndArray();
            });
    return new ResponseBody(document, tail);
  }

  private static void data(JsonGenerator generator, Tensor tensor) throws IOException {
    generator.writeArrayFieldStart("data");
    switch (tensor) {
      case BytesTensor bytes -> {
        for (byte[] value : bytes.values()) {
          generator.writeUTF8String(value, 0, value.length);
        }
      }
      case NumericTensor numeric -> {
        int elements = numeric.elements();
        for (int index = 0; index < elements; index++) {
          element(generator, numeric, index);
        }
      }
    }
    generator.writeEndArray();
  }

  private static void element(JsonGenerator generator, NumericTensor tensor, int index)
      throws IOException {
    switch (tensor.datatype().kind()) {
      case BOOLEAN -> generator.writeBoolean(tensor.integer(index) != 0);
      case INTEGER -> {
        if (tensor.datatype() == Datatype.UINT64) {
          generator.writeNumber(Long.toUnsignedString(tensor.integer(index)));
        } else {
          generator.writeNumber(tensor.integer(index));
        }
      }
      case FLOAT -> {
        if (tensor.datatype() == Datatype.BF16) {
          throw ProtocolException.badRequest(
              "output '%s' has datatype BF16, which JSON cannot carry: ask for it with parameters.binary_data true"
                  .formatted(tensor.name()));
        }
        double value = tensor.floating(index);
        if (!Double.isFinite(value)) {
          throw ProtocolException.internal(
              "the model answered %s in element %d of output '%s', which JSON cannot carry"
                  .formatted(value, index, tensor.name()));
        }
        if (tensor.datatype() == Datatype.FP64) {
          generator.writeNumber(value);
        } else {
          generator.writeNumber((float) value);
        }
      }
      case BYTES -> throw new IllegalStateException("not a numeric tensor");
    }
  }

  private static void parameters(JsonGenerator generator, Map<String, Object> parameters)
      throws IOException {
    generator.writeObjectFieldStart("parameters");
    for (Map.Entry<String, Object> parameter : parameters.entrySet()) {
      generator.writeFieldName(parameter.getKey());
      switch (parameter.getValue()) {
        case List<?> list -> {
          generator.writeStartArray();
          for (Object value : list) {
            generator.writeString(String.valueOf(value));
          }
          generator.writeEndArray();
        }
        case Double number -> generator.writeNumber(number);
        case Number number -> generator.writeNumber(number.longValue());
        case Boolean truth -> generator.writeBoolean(truth);
        case Object text -> generator.writeString(text.toString());
      }
    }
    generator.writeEndObject();
  }

  private static void tensors(JsonGenerator generator, String field, List<TensorMetadata> tensors)
      throws IOException {
    generator.writeArrayFieldStart(field);
    for (TensorMetadata tensor : tensors) {
      generator.writeStartObject();
      generator.writeStringField("name", tensor.name());
      generator.writeStringField("datatype", tensor.datatype().name());
      shape(generator, tensor.shape());
      generator.writeEndObject();
    }
    generator.writeEndArray();
  }

  private static void shape(JsonGenerator generator, Shape shape) throws IOException {
    generator.writeFieldName("shape");
    long[] dims = shape.toArray();
    generator.writeArray(dims, 0, dims.length);
  }

  private static void strings(JsonGenerator generator, String field, List<String> values)
      throws IOException {
    generator.writeArrayFieldStart(field);
    for (String value : values) {
      generator.writeString(value);
    }
    generator.writeEndArray();
  }

  private byte[] object(Members members) {
    return document(
        generator -> {
          generator.writeStartObject();
          members.write(generator);
          generator.writeEndObject();
        });
  }

  private byte[] document(Members content) {
    try (ByteArrayBuilder bytes = new ByteArrayBuilder();
        JsonGenerator generator = json.createGenerator(bytes)) {
      content.write(generator);
      generator.flush();
      return bytes.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
  }

  private interface Members {
    void write(JsonGenerator generator) throws IOException;
  }
}
