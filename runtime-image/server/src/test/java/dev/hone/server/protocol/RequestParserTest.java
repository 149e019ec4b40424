package dev.hone.server.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestParserTest {
  private final RequestParser parser = new RequestParser(24);

  private InferenceRequest parse(String body) {
    return parser.parse(body.getBytes(StandardCharsets.UTF_8));
  }

  private static String input(String shape, String datatype, String data) {
    return """
    {"inputs": [{"name": "x", "shape": %s, "datatype": "%s", "data": %s}]}\
    """
        .formatted(shape, datatype, data);
  }

  @Test
  void readsEveryMember() {
    InferenceRequest request =
        parse(
            """
            {"id": "7", "parameters": {"priority": 1},
             "inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2.5], [-3e2, 4]],
                         "parameters": {"anything": [1]}}],
             "outputs": [{"name": "y"}, {"name": "z", "parameters": {"binary_data": true, "classification": 3}}]}
            """);

    assertThat(request.id()).isEqualTo("7");
    assertThat(request.outputs())
        .containsExactly(RequestedOutput.plain("y"), new RequestedOutput("z", 3, true));
    NumericTensor x = (NumericTensor) request.inputs().getFirst();
    assertThat(x.shape()).isEqualTo(Shape.of(2, 2));
    assertThat(List.of(x.floating(0), x.floating(1), x.floating(2), x.floating(3)))
        .containsExactly(1.0, 2.5, -300.0, 4.0);
  }

  @Test
  void acceptsDataBeforeItsShape() {
    InferenceRequest request =
        parse(
            """
            {"inputs": [{"data": ["a", "ü€𝄞"], "datatype": "BYTES", "shape": [2], "name": "x"}]}\
            """);

    assertThat(((BytesTensor) request.inputs().getFirst()).texts()).containsExactly("a", "ü€𝄞");
  }

  @ParameterizedTest(name = "{0} {1} → {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          [1]                 | INT8   | [128]               | 128 in element 0, which does not fit INT8
          [1]                 | UINT8  | [-1]                | -1 in element 0, which does not fit UINT8
          [2]                 | UINT64 | [1, 18446744073709551616] | in element 1, which does not fit UINT64
          [1]                 | INT64  | [9223372036854775808] | does not fit INT64
          [1]                 | INT64  | [1.5]               | holds 1.5 in element 0, but INT64 takes whole numbers
          [1]                 | FP32   | [1e39]              | holds 1e39 in element 0, which does not fit FP32
          [1]                 | FP16   | [65520]             | holds 65520 in element 0, which does not fit FP16
          [1]                 | FP64   | [1e309]             | does not fit FP64
          [1]                 | FP32   | ["1"]               | holds "1" in element 0, but FP32 takes finite numbers
          [1]                 | FP32   | [null]              | holds null in element 0
          [1]                 | FP32   | [{}]                | holds an object in element 0
          [1]                 | BOOL   | [1]                 | but BOOL takes true and false
          [1]                 | BYTES  | [1]                 | but BYTES takes strings
          [1]                 | BYTES  | ["\\ud800"]         | half a surrogate pair in element 0
          [3]                 | FP32   | [1, 2]              | which needs 3 elements, but its data has 2
          [1]                 | FP32   | [1, 2]              | which needs 1 elements, but its data has more than 1
          [2, 2]              | FP32   | [[1, 2, 3], [4]]    | a list in its data has more than 2
          [2, 3]              | FP32   | [[1, 2], [3, 4], [5, 6]] | a list in its data has 2
          [2, 1]              | FP32   | [[1]]               | axis 0 of its data has 1
          [2, 1]              | FP32   | [[1], [2], [3]]     | axis 0 of its data has more than 2
          [2, 1]              | FP32   | [[1], 2]            | mixes lists and values
          [2, 1]              | FP32   | [1, [2]]            | holds a list in element 1
          [-1]                | FP32   | [1]                 | holds -1: every dimension is a whole number from 0 up
          [1.0]               | FP32   | [1]                 | every dimension is a whole number
          ["1"]               | FP32   | [1]                 | every dimension is a whole number
          [99999999999999999999] | FP32 | [1]                | every dimension is a whole number
          [9223372036854775807, 3] | FP32 | [1]             | more elements than one tensor holds
          [0, 9223372036854775807, 3] | FP32 | [1]          | more elements than one tensor holds
          [2000000000]        | FP32   | [1]                 | but its data has fewer
          [0]                 | FP32   | []                  | which holds no element
          [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1] | FP32 | [1]  | more than 16 dimensions
          1                   | FP32   | [1]                 | 'inputs[0].shape' is not an array
          [1]                 | FP32   | 1                   | 'inputs[0].data' is not an array
          [1]                 | FLOAT  | [1]                 | unknown datatype 'FLOAT': write one of BOOL, UINT8
          [1]                 | fp32   | [1]                 | unknown datatype 'fp32'
          """)
  void saysWhatIsWrongWithATensor(String shape, String datatype, String data, String sentence) {
    assertThatThrownBy(() -> parse(input(shape, datatype, data)))
        .isInstanceOfSatisfying(
            ProtocolException.class, refused -> assertThat(refused.status()).isEqualTo(400))
        .hasMessageContaining(sentence);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {                                   | is not valid JSON at line 1
          {"inputs": [}                       | is not valid JSON at line 1, column 13
          nonsense                            | is not valid JSON
          [1, 2]                              | is not a JSON object: send an object such as
          {} {}                               | has no inputs
          {"inputs": []}                      | has no inputs
          {"inputs": {}}                      | 'inputs' is not an array
          {"inputs": [1]}                     | inputs[0] is not an object
          {"inputs": [{"name": 1}]}           | 'inputs[0].name' is not a string
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32"}]} | input 'x' has no 'data'
          {"inputs": [{"name": "x", "shape": [1], "data": [1]}]} | input 'x' has no 'datatype'
          {"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]} | input 'x' has no 'shape'
          {"inputs": [{"shape": [1], "datatype": "FP32", "data": [1]}]} | inputs[0] has no 'name'
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [NaN]}]} | NaN and Infinity are no JSON numbers
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1], "data": [2]}]} | Duplicate
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]} | says that it has 4 bytes of binary data, but only 0 are left
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "parameters": {"binary_data_size": -1}}]} | binary_data_size is -1: write how many bytes
          {"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1], "parameters": {"binary_data_size": 4}}]} | has both 'data' and 'binary_data_size'
          {"inputs": [{"name": "x", "parameters": {"a": 18446744073709551616}}]} | 'inputs[0].parameters.a' must be a number of at most 64 bits
          {"inputs": [{"name": "x", "shape": [1], "datatype": "BF16", "data": [1]}]} | BF16, which JSON cannot carry
          {"inputs": [{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["?"], "parameters": {"content_type": "base64"}}]} | content_type base64, but element 0 is none
          {"inputs": [{"name": "x", "parameters": 4}]} | 'inputs[0].parameters' is not an object
          {"id": 7, "inputs": []}             | 'id' is not a string
          {"outputs": 1}                      | 'outputs' is not an array
          {"outputs": [1]}                    | outputs[0] is not an object
          {"outputs": [{}]}                   | outputs[0] has no name
          {"outputs": [{"name": "y", "parameters": {"classification": 0}}]} | from 1 up
          {"outputs": [{"name": "y", "parameters": {"classification": 99999999999}}]} | from 1 up
          """)
  void saysWhatIsWrongWithADocument(String body, String sentence) {
    assertThatThrownBy(() -> parse(body))
        .isInstanceOfSatisfying(
            ProtocolException.class, refused -> assertThat(refused.status()).isEqualTo(400))
        .hasMessageContaining(sentence);
  }

  @Test
  void refusesAnInputThatIsGivenTwice() {
    String one =
        """
        {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}\
        """;
    assertThatThrownBy(() -> parse("{\"inputs\": [%s, %s]}".formatted(one, one)))
        .hasMessageContaining("input 'x' is given twice");
  }

  @Test
  void refusesWhatFollowsTheObject() {
    assertThatThrownBy(() -> parse(input("[1]", "FP32", "[1]") + " {}"))
        .hasMessageContaining("goes on after its JSON object");
  }

  @Test
  void refusesEndlessNesting() {
    assertThatThrownBy(() -> parse("{\"other\": " + "[".repeat(100_000)))
        .hasMessageContaining("nests deeper than 24 levels");
    assertThatThrownBy(() -> parse(input("[1, 1]", "FP32", "[".repeat(100_000))))
        .isInstanceOf(ProtocolException.class);
  }

  @Test
  void refusesBrokenUtf8() {
    byte[] body = input("[1]", "BYTES", "[\"?\"]").getBytes(StandardCharsets.UTF_8);
    body[new String(body, StandardCharsets.UTF_8).indexOf('?')] = (byte) 0xFF;
    assertThatThrownBy(() -> parser.parse(body)).isInstanceOf(ProtocolException.class);
  }
}
