package dev.hone.operator.resolve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.finetune.FineTuneJob;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Addresses that a job reads. */
class UnsupportedTest {

  private static final String TRAIN = "train: {uri: \"pvc://spam-filter/data/train.jsonl\"}";
  private static final String MODEL = "uri: pvc://spam-filter/models/all-minilm-l6-v2";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          https://example.com/t.jsonl | sha256:a | sha256:a |
          pvc://claim/t.jsonl         |          |          |
          https://example.com/t.jsonl |          | sha256:a | spec.dataset.train.uri with https:// and no digest is not supported yet; write spec.dataset.train.digest: sha256:… of the file
          pvc://claim/t.jsonl         |          | NONE     | spec.model.uri with https:// and no digest is not supported yet; write spec.model.digest: sha256:… of the file
          s3://bucket/t.jsonl         |          |          |
          hf://datasets/org/t/t.jsonl |          |          |
          oci://registry/t:v1/t.jsonl |          |          |
          """)
  void anAddressOfTheWebNeedsItsDigest(
      String data, String dataDigest, String modelDigest, String sentence) throws IOException {
    String train =
        "train: {uri: \"%s\"%s}"
            .formatted(data, dataDigest == null ? "" : ", digest: \"" + dataDigest + "\"");
    String digest =
        modelDigest == null || modelDigest.equals("NONE")
            ? ""
            : "\n    digest: \"" + modelDigest + "\"";
    String model = modelDigest == null ? MODEL : "uri: https://example.com/model.tar.gz" + digest;
    FineTuneJob job =
        Serialization.unmarshal(
            Files.readString(Path.of("src/test/resources/golden/run/in-finetune.yaml"))
                .replace(TRAIN, train)
                .replace(MODEL, model),
            FineTuneJob.class);
    assertThat(Unsupported.of(job.getSpec())).isEqualTo(Optional.ofNullable(sentence));
  }
}
