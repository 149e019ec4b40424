package dev.hone.api.crd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import dev.hone.testing.apiserver.Repository;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import org.junit.jupiter.api.Test;

/**
 * Keeps the page docs/api-reference.md equal to what the definitions say; {@code
 * -Dhone.generate=true} writes it.
 */
class ApiReferenceDriftTest {

  @Test
  void theReferenceIsThatOfTheDefinitions() throws IOException {
    String expected = ApiReference.of(CrdDocuments.generate());
    Path file = Repository.root().resolve("docs/api-reference.md");
    if (Boolean.getBoolean("hone.generate")) {
      Files.writeString(file, expected);
    }
    assertThat(file)
        .as("docs/api-reference.md differs from the definitions: run make generate")
        .hasContent(expected);
  }

  @Test
  void itSaysTypesDefaultsLimitsAndRules() {
    assertThat(ApiReference.of(CrdDocuments.generate()))
        .contains(
            "| `replicas` | integer | 1 | 0 to 1000 | Number of pods. |",
            "- minReplicas must not be greater than maxReplicas");
  }

  @Test
  void itHasTheSentenceOfEveryRule() throws IOException {
    SortedMap<String, String> definitions = CrdDocuments.generate();
    String page = ApiReference.of(definitions);
    for (String definition : definitions.values()) {
      JsonNode tree = new ObjectMapper(new YAMLFactory()).readTree(definition);
      assertThat(tree.findValues("x-kubernetes-validations"))
          .isNotEmpty()
          .allSatisfy(
              rules ->
                  rules.forEach(
                      rule ->
                          assertThat(page)
                              .contains(SchemaWords.cell(rule.get("message").asText()))));
    }
  }
}
