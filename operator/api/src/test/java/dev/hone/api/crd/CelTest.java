package dev.hone.api.crd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.testing.apiserver.Repository;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.FieldValidateable.Validation;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the API server takes, and the sentence with which it refuses everything else. */
@WithApiServer
class CelTest {

  private static final Path CASES =
      Repository.root().resolve("operator/api/src/test/resources/cel");

  static List<CelCase> cases() throws IOException {
    return CelCase.all(CASES);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theApiServerTakesOrRefuses(CelCase test, KubernetesClient client, TestNamespace namespace) {
    if (test.isChange()) {
      create(client, namespace, test.documents().getFirst());
    }
    GenericKubernetesResource wanted = resource(test.documents().getLast(), namespace);

    KubernetesClientException refusal =
        catchThrowableOfType(
            KubernetesClientException.class,
            () -> {
              var request = client.resource(wanted).dryRun().fieldValidation(Validation.STRICT);
              Object answer = test.isChange() ? request.update() : request.create();
              assertThat(answer).isNotNull();
            });

    if (test.error().isEmpty()) {
      assertThat(refusal).isNull();
    } else {
      assertThat(refusal).as("the API server must refuse this").isNotNull();
      assertThat(sentences(refusal))
          .hasSize(1)
          .allSatisfy(s -> assertThat(s).contains(test.error().get()));
    }
  }

  @Test
  void everyRuleIsBrokenByACase() throws IOException {
    List<CelCase> cases = cases();
    Set<String> unbroken = new TreeSet<>();
    for (Path file : yamlFiles(Repository.crds())) {
      JsonNode crd = Serialization.yamlMapper().readTree(Files.readString(file));
      String kind = crd.at("/spec/names/kind").asText();
      for (JsonNode rules : crd.findValues("x-kubernetes-validations")) {
        for (JsonNode rule : rules) {
          String message = rule.get("message").asText();
          if (cases.stream().noneMatch(c -> c.kind().equals(kind) && breaks(c, message))) {
            unbroken.add(kind + ": " + message);
          }
        }
      }
    }
    assertThat(unbroken).as("rules that no file of src/test/resources/cel breaks").isEmpty();
  }

  @Test
  void everyExampleIsTaken(KubernetesClient client, TestNamespace namespace) throws IOException {
    int taken = 0;
    try (Stream<Path> files = Files.walk(Repository.root().resolve("examples"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList()) {
        try (InputStream yaml = Files.newInputStream(file)) {
          for (HasMetadata item : client.load(yaml).items()) {
            if (item.getApiVersion().startsWith("hone.dev/")) {
              item.getMetadata().setNamespace(namespace.name());
              assertThat(client.resource(item).dryRun().fieldValidation(Validation.STRICT).create())
                  .as(file.toString())
                  .isNotNull();
              taken++;
            }
          }
        }
      }
    }
    assertThat(taken).isPositive();
  }

  private static boolean breaks(CelCase test, String message) {
    return test.error().filter(message::contains).isPresent();
  }

  private static void create(KubernetesClient client, TestNamespace namespace, JsonNode document) {
    GenericKubernetesResource before = resource(document, namespace);
    Object status = before.getAdditionalProperties().get("status");
    GenericKubernetesResource created = client.resource(before).create();
    if (status != null) {
      created.setAdditionalProperty("status", status);
      client.resource(created).updateStatus();
    }
  }

  private static GenericKubernetesResource resource(JsonNode document, TestNamespace namespace) {
    ObjectNode copy = document.deepCopy();
    ((ObjectNode) copy.get("metadata")).put("namespace", namespace.name());
    return Serialization.unmarshal(copy.toString(), GenericKubernetesResource.class);
  }

  private static List<String> sentences(KubernetesClientException refusal) {
    if (refusal.getStatus().getDetails() == null
        || refusal.getStatus().getDetails().getCauses() == null) {
      return List.of(refusal.getStatus().getMessage());
    }
    List<String> causes =
        refusal.getStatus().getDetails().getCauses().stream()
            .map(StatusCause::getMessage)
            .filter(message -> !message.contains("some validation rules were not checked"))
            .distinct()
            .toList();
    return causes.isEmpty() ? List.of(refusal.getStatus().getMessage()) : causes;
  }

  private static List<Path> yamlFiles(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
    }
  }
}
