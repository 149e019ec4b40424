package dev.hone.api.crd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whether every member of a run's spec is guarded once there is a Job, but those that may change at
 * any time. That the API server heeds each rule is shown by {@link CelTest}, which breaks them all.
 */
class StartedSpecTest {

  /** Read anew on every pass, or asking for another run. */
  private static final Set<String> MAY_CHANGE = Set.of("runPolicy", "gate", "rerun");

  @ParameterizedTest
  @ValueSource(strings = {"finetunejobs", "compressionjobs"})
  void everyOtherMemberIsGuarded(String plural) throws IOException {
    JsonNode schema =
        Serialization.yamlMapper()
            .readTree(Files.readString(Repository.crds().resolve(plural + ".yaml")))
            .at("/spec/versions/0/schema/openAPIV3Schema");
    Set<String> unguarded = new TreeSet<>();
    schema
        .at("/properties/spec/properties")
        .properties()
        .forEach(
            member -> {
              if (!isGuarded(schema.get("x-kubernetes-validations"), member.getKey())) {
                unguarded.add(member.getKey());
              }
            });
    unguarded.removeAll(MAY_CHANGE);
    assertThat(unguarded).as("members of a started " + plural + " that nobody guards").isEmpty();
  }

  private static boolean isGuarded(JsonNode rules, String member) {
    for (JsonNode rule : rules) {
      if (rule.get("rule").asText().contains("oldSelf.spec." + member)
          && rule.get("message").asText().startsWith("spec." + member)) {
        return true;
      }
    }
    return false;
  }
}
