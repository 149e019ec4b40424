package dev.hone.server.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever is written as JSON is read back, flat or nested, with the members in any order. */
class RequestParserProperties {
  private static final ObjectMapper JSON = new ObjectMapper();

  record Sample(Shape shape, Datatype datatype, List<Object> values) {}

  @Property(tries = 500)
  void readsBackWhatWasWritten(
      @ForAll("samples") Sample sample,
      @ForAll boolean nested,
      @ForAll("orders") List<String> order)
      throws IOException {
    Map<String, Object> members =
        Map.of(
            "name",
            "x",
            "shape",
            sample.shape().toArray(),
            "datatype",
            sample.datatype().name(),
            "data",
            nested ? nest(sample.values(), sample.shape(), 0) : sample.values());
    Map<String, Object> input = new LinkedHashMap<>();
    order.forEach(member -> input.put(member, members.get(member)));

    Tensor tensor = parse(JSON.writeValueAsBytes(Map.of("inputs", List.of(input))));

    assertThat(tensor.shape()).isEqualTo(sample.shape());
    assertThat(tensor.datatype()).isEqualTo(sample.datatype());
    assertThat(values(tensor)).isEqualTo(sample.values());
  }

  @Property(tries = 500)
  void writesWhatItReads(@ForAll("samples") Sample sample) throws IOException {
    Map<String, Object> input = new LinkedHashMap<>();
    input.put("name", "x");
    input.put("datatype", sample.datatype().name());
    input.put("shape", sample.shape().toArray());
    input.put("data", sample.values());
    Tensor tensor = parse(JSON.writeValueAsBytes(Map.of("inputs", List.of(input))));

    byte[] response =
        new JsonWriter()
            .response(
                new InferenceResponse(null, "m", "1", Map.of(), List.of(tensor)), output -> false)
            .json();

    byte[] again =
        new String(response, StandardCharsets.UTF_8)
            .replaceFirst("\"outputs\"", "\"inputs\"")
            .getBytes(StandardCharsets.UTF_8);
    assertThat(values(parse(again))).isEqualTo(sample.values());
  }

  /** Any bytes are either a request or a 400 with a sentence; nothing else escapes. */
  @Property(tries = 1000)
  void neverFailsOtherwise(@ForAll("samples") Sample sample, @ForAll int at, @ForAll byte with)
      throws IOException {
    Map<String, Object> input =
        Map.of(
            "name",
            "x",
            "shape",
            sample.shape().toArray(),
            "datatype",
            sample.datatype().name(),
            "data",
            sample.values());
    byte[] body = JSON.writeValueAsBytes(Map.of("inputs", List.of(input)));
    body[Math.floorMod(at, body.length)] = with;
    try {
      parse(body);
    } catch (ProtocolException refused) {
      assertThat(refused.status()).isEqualTo(400);
      assertThat(refused.sentence()).isNotBlank();
    }
  }

  private static Tensor parse(byte[] body) {
    return new RequestParser(24).parse(body).inputs().getFirst();
  }

  private static Object nest(List<Object> values, Shape shape, int axis) {
    if (axis >= shape.rank() - 1) {
      return values;
    }
    int parts = (int) shape.dim(axis);
    int size = values.size() / parts;
    List<Object> nested = new ArrayList<>();
    for (int part = 0; part < parts; part++) {
      nested.add(nest(values.subList(part * size, (part + 1) * size), shape, axis + 1));
    }
    return nested;
  }

  private static List<Object> values(Tensor tensor) {
    List<Object> values = new ArrayList<>();
    switch (tensor) {
      case BytesTensor bytes -> values.addAll(bytes.texts());
      case NumericTensor numeric -> {
        for (int index = 0; index < numeric.elements(); index++) {
          values.add(
              switch (numeric.datatype()) {
                case BOOL -> numeric.integer(index) == 1;
                case UINT64 -> new BigInteger(Long.toUnsignedString(numeric.integer(index)));
                case FP16, FP32 -> (float) numeric.floating(index);
                case FP64 -> numeric.floating(index);
                default -> numeric.integer(index);
              });
        }
      }
    }
    return values;
  }

  @Provide
  Arbitrary<List<String>> orders() {
    return Arbitraries.shuffle("name", "shape", "datatype", "data");
  }

  @Provide
  Arbitrary<Sample> samples() {
    Arbitrary<Shape> shapes =
        Arbitraries.longs()
            .between(1, 4)
            .list()
            .ofMaxSize(4)
            .map(dims -> Shape.of(dims.stream().mapToLong(Long::longValue).toArray()));
    return Combinators.combine(
            shapes, Arbitraries.of(Datatype.class).filter(type -> type != Datatype.BF16))
        .flatAs(
            (shape, datatype) ->
                elements(datatype)
                    .list()
                    .ofSize(shape.elements())
                    .map(values -> new Sample(shape, datatype, values)));
  }

  private static Arbitrary<Object> elements(Datatype datatype) {
    return switch (datatype) {
      case BOOL -> Arbitraries.of(true, false).map(value -> value);
      case FP16 ->
          Arbitraries.shorts()
              .map(Float::float16ToFloat)
              .filter(Float::isFinite)
              .map(value -> value);
      case FP32 -> Arbitraries.floats().map(value -> value);
      case FP64 -> Arbitraries.doubles().map(value -> value);
      case BYTES ->
          Arbitraries.strings()
              .ofMaxLength(8)
              .filter(RequestParserProperties::whole)
              .map(value -> value);
      case UINT64 ->
          Arbitraries.bigIntegers()
              .between(BigInteger.ZERO, BigInteger.TWO.pow(64).subtract(BigInteger.ONE))
              .map(value -> value);
      default ->
          Arbitraries.longs().between(datatype.minimum(), datatype.maximum()).map(value -> value);
    };
  }

  private static boolean whole(String text) {
    return text.equals(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8));
  }
}
