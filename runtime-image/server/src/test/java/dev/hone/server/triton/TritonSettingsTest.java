package dev.hone.server.triton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.repository.RepositoryException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TritonSettingsTest {
  @Test
  void lengthsRise() throws Exception {
    assertThat(
            TritonSettings.of(Map.of("HONE_SEQUENCE_LENGTHS", "128, 32,32"), 1).sequenceLengths())
        .isEqualTo(List.of(32, 128));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          HONE_MAX_BATCH        | 0     | HONE_MAX_BATCH is '0': write a number from 1 up
          HONE_MAX_WAIT_MILLIS  | soon  | HONE_MAX_WAIT_MILLIS is 'soon': write a number from 1 up
          HONE_SEQUENCE_LENGTHS | 0,32  | HONE_SEQUENCE_LENGTHS is '0': write lengths from 1 up, such as 32,128
          HONE_SEQUENCE_LENGTHS | long  | HONE_SEQUENCE_LENGTHS is 'long': write such as 32,128
          HONE_TRITON_INSTANCES | TPU   | HONE_TRITON_INSTANCES is 'TPU': write Auto, GPU or CPU
          HONE_PRECISION        | BF16  | HONE_PRECISION is 'BF16': write FP32, FP16 or INT8
          """)
  void whatHasNoSuchValueIsRefused(String variable, String value, String sentence) {
    assertThatThrownBy(() -> TritonSettings.of(Map.of(variable, value), 1))
        .isInstanceOf(RepositoryException.class)
        .hasMessage(sentence);
  }
}
