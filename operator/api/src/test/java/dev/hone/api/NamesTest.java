package dev.hone.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

  private static final String LONGEST = "a".repeat(40);
  private static final int LONGEST_LABEL = 63;

  @ParameterizedTest
  @ValueSource(strings = {"a", "spam-lora", "llama-3-1", "a1"})
  void takesNamesThatServicesCanHave(String name) {
    assertThat(name).matches(Names.NAME_PATTERN);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "7b-chat",
        "llama-3.1",
        "-a",
        "a-",
        "Spam",
        "a_b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
      })
  void refusesOthers(String name) {
    assertThat(name).doesNotMatch(Names.NAME_PATTERN);
  }

  @ParameterizedTest
  @CsvSource({
    "false, http://spam.team.svc:8000/v2/models/spam",
    "true, https://spam.team.svc:8000/v2/models/spam"
  })
  void theEndpointSaysWhetherItIsEncrypted(boolean tls, String endpoint) {
    assertThat(Names.endpoint("team", "spam", tls)).isEqualTo(endpoint);
  }

  @Test
  void theLongestNamesStillFitIntoLabels() {
    String hash = "0".repeat(Names.HASH_LENGTH);
    assertThat(LONGEST).matches(Names.NAME_PATTERN);
    assertThat(Names.job(LONGEST, hash)).hasSizeLessThanOrEqualTo(LONGEST_LABEL);
    assertThat(Names.resultConfigMap(LONGEST, hash)).hasSizeLessThanOrEqualTo(LONGEST_LABEL);
    assertThat(Names.jobService(LONGEST, hash)).hasSizeLessThanOrEqualTo(LONGEST_LABEL);
  }

  @ParameterizedTest
  @CsvSource({
    "pvc://claim/artifacts, pvc://claim/artifacts/spam-a1",
    "pvc://claim/artifacts/, pvc://claim/artifacts/spam-a1",
    "s3://bucket//, s3://bucket/spam-a1"
  })
  void anArtifactStandsBelowTheOutput(String output, String artifact) {
    assertThat(Names.artifactUri(output, "spam", "a1")).isEqualTo(artifact);
  }

  @Test
  void theSelectorIsPartOfTheLabels() {
    assertThat(Labels.of("FineTuneJob", "spam"))
        .containsAllEntriesOf(Labels.selector("FineTuneJob", "spam"));
    assertThat(Labels.of("FineTuneJob", "spam", "a1"))
        .containsAllEntriesOf(Labels.of("FineTuneJob", "spam"));
  }

  @Test
  void reasonsAreWordsOfTheirOwnWithADescription() {
    assertThat(Arrays.stream(Reason.values()).map(Reason::value).collect(Collectors.toSet()))
        .hasSameSizeAs(Reason.values());
    assertThat(Reason.values())
        .allSatisfy(
            reason -> {
              assertThat(reason.value()).matches("[A-Z][A-Za-z]+");
              assertThat(reason.description()).matches("[A-Z`].*[.]");
              assertThat(Reason.of(reason.value())).contains(reason);
            });
  }
}
