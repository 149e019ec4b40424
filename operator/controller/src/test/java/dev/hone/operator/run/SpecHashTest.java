package dev.hone.operator.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Names;
import dev.hone.api.common.SecretReference;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.finetune.FineTuneRuns;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class SpecHashTest {

  private static final ResolvedModel MODEL = new ResolvedModel("pvc://a/b", null, null);

  @Property(tries = 200)
  void theOrderOfFieldsDoesNotMatter(@ForAll long seed) throws IOException {
    JsonNode tree = new ObjectMapper().readTree(Serialization.asJson(job()));
    FineTuneJob shuffled =
        Serialization.unmarshal(shuffle(tree, new Random(seed)).toString(), FineTuneJob.class);
    assertThat(FineTuneRuns.view(shuffled).hash(MODEL))
        .isEqualTo(FineTuneRuns.view(job()).hash(MODEL));
  }

  @Property(tries = 200)
  void everyRerunIsAnotherRun(
      @ForAll @StringLength(max = 64) String one, @ForAll @StringLength(max = 64) String other)
      throws IOException {
    RunView view = FineTuneRuns.view(job());
    String first = SpecHash.of(view.config().create(MODEL, "", null), one);
    String second = SpecHash.of(view.config().create(MODEL, "", null), other);
    assertThat(first.equals(second)).isEqualTo(one.equals(other));
    assertThat(first).matches(Names.HASH_PATTERN).hasSize(Names.HASH_LENGTH);
  }

  @Property(tries = 100)
  void whatIsExecutedIsInIt(@ForAll @IntRange(min = 1, max = 1024) int rank) throws IOException {
    String changed = "rank: " + rank;
    FineTuneJob other = parse(yaml().replaceFirst("rank: 8", changed));
    assertThat(FineTuneRuns.view(other).hash(MODEL).equals(FineTuneRuns.view(job()).hash(MODEL)))
        .isEqualTo(rank == 8);
  }

  @Test
  void whoAsksAndWhatMayChangeAreNotInIt() throws IOException {
    String hash = FineTuneRuns.view(job()).hash(MODEL);
    FineTuneJob other =
        parse(
            yaml()
                    .replace("name: spam-lora", "name: other")
                    .replace("namespace: team", "namespace: b")
                + "  runPolicy: {suspend: true}\n"
                + "  tracking: {mlflow: {uri: 'http://mlflow'}}\n");
    assertThat(FineTuneRuns.view(other).hash(MODEL)).isEqualTo(hash);
  }

  @Test
  void theSecretsThatSourcesAreReadWithAreNotInIt() throws IOException {
    String train = "pvc://spam-filter/data/train.jsonl\"";
    String hash = FineTuneRuns.view(job()).hash(MODEL);
    FineTuneJob other = parse(yaml().replace(train, train + ", secretRef: {name: buckets}"));
    var secret = new SecretReference("hub");
    assertThat(other.getSpec().dataset().train().secretRef()).isNotNull();
    assertThat(FineTuneRuns.view(other).hash(new ResolvedModel("pvc://a/b", null, null, secret)))
        .isEqualTo(hash);
  }

  @Test
  void theDigestOfTheInputIsInIt() throws IOException {
    RunView view = FineTuneRuns.view(job());
    assertThat(view.hash(new ResolvedModel("pvc://a/b", null, "sha256:" + "1".repeat(64))))
        .isNotEqualTo(view.hash(new ResolvedModel("pvc://a/b", null, "sha256:" + "2".repeat(64))));
  }

  @Test
  void numbersAreWrittenOneWay() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    assertThat(SpecHash.canonical(mapper.readTree("{\"b\": 1.0, \"a\": [1e-3], \"c\": null}")))
        .isEqualTo(SpecHash.canonical(mapper.readTree("{\"a\": [0.001], \"b\": 1}")))
        .isEqualTo("{\"a\":[0.001,],\"b\":1,}");
  }

  private static JsonNode shuffle(JsonNode node, Random random) {
    if (!(node instanceof ObjectNode object)) {
      return node;
    }
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    Collections.shuffle(names, random);
    ObjectNode shuffled = object.objectNode();
    names.forEach(name -> shuffled.set(name, shuffle(object.get(name), random)));
    return shuffled;
  }

  private static FineTuneJob job() throws IOException {
    return parse(yaml());
  }

  private static FineTuneJob parse(String yaml) {
    return Serialization.unmarshal(yaml, FineTuneJob.class);
  }

  private static String yaml() throws IOException {
    return Files.readString(Path.of("src/test/resources/golden/run/in-finetune.yaml"));
  }
}
