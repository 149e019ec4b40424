package dev.hone.api.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Makes the page docs/api-reference.md out of the definitions. */
final class ApiReference {

  private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
  private static final String TABLE =
      "| field | type | default | limits | meaning |\n|---|---|---|---|---|\n";

  /** In the order of a chain. */
  private static final List<String> FILES =
      List.of(
          "finetunejobs.yaml",
          "compressionjobs.yaml",
          "inferencedeployments.yaml",
          "enginebuilds.yaml");

  /** Fields whose shape is Kubernetes' own and documented there. */
  private static final Map<String, String> KUBERNETES =
      Map.of(
          "podTemplate",
          "[PodTemplateSpec](https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1/#PodTemplateSpec)",
          "conditions",
          "list of"
              + " [Condition](https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#condition-v1-meta)");

  private final StringBuilder page = new StringBuilder();

  private ApiReference() {}

  /**
   * The whole page.
   *
   * @param definitions the definitions, by the names of their files
   */
  static String of(Map<String, String> definitions) {
    if (!definitions.keySet().equals(Set.copyOf(FILES))) {
      throw new IllegalStateException(
          "a definition has no place in the reference: " + definitions.keySet());
    }
    ApiReference reference = new ApiReference();
    reference.page.append(
        """
        # API reference

        Generated from the definitions in `crds/` by `make generate`; a test compares them. All kinds are namespaced and belong to `hone.dev/v1alpha1`. `a.b` is the field b of a, `a[].b` that of each entry of a list, and an amount is a
        number or a text such as `500m` or `4Gi`. A field that is not listed is refused by `kubectl apply`, and a rule that is not met is answered with its sentence.
        """);
    FILES.forEach(file -> reference.kind(read(definitions.get(file))));
    return reference.page.toString();
  }

  private static JsonNode read(String definition) {
    try {
      return YAML.readTree(definition);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void kind(JsonNode definition) {
    JsonNode names = definition.at("/spec/names");
    JsonNode version = definition.at("/spec/versions/0");
    JsonNode schema = version.at("/schema/openAPIV3Schema");
    page.append("\n## ").append(names.get("kind").asText()).append("\n\n");
    page.append(
        "`kubectl get %s`, in short `%s`. Columns: %s.\n"
            .formatted(
                names.get("plural").asText(),
                names.at("/shortNames/0").asText(),
                columns(version.get("additionalPrinterColumns"))));
    rules("of the whole resource", own("", schema));
    section("spec", schema.at("/properties/spec"));
    section("status", schema.at("/properties/status"));
  }

  private static String columns(JsonNode columns) {
    Collection<String> names = new LinkedHashSet<>();
    columns.forEach(column -> names.add(column.get("name").asText()));
    return String.join(", ", names);
  }

  /** The fields of the spec or the status, and then those of each object in it. */
  private void section(String name, JsonNode schema) {
    page.append("\n### ").append(name).append("\n\n").append(TABLE);
    Set<String> required = required(schema);
    Map<String, Set<String>> rules = own(name, schema);
    for (var field : schema.get("properties").properties()) {
      row(field.getKey(), field.getValue(), required.contains(field.getKey()));
      if (!hasFields(field)) {
        add(rules, field.getKey(), field.getValue());
      }
    }
    rules("between the fields of " + name, rules);
    schema.get("properties").properties().stream()
        .filter(ApiReference::hasFields)
        .forEach(field -> part(name + "." + path("", field), field.getValue()));
  }

  private void part(String path, JsonNode schema) {
    page.append("\n#### ").append(path).append("\n\n").append(TABLE);
    Map<String, Set<String>> rules = own(path, schema);
    fields("", schema, rules);
    rules("of " + path, rules);
  }

  private void fields(String prefix, JsonNode owner, Map<String, Set<String>> rules) {
    JsonNode schema = fieldsOf(owner);
    add(rules, prefix.isEmpty() ? "" : prefix.substring(0, prefix.length() - 1), schema);
    Set<String> required = required(schema);
    for (var field : schema.get("properties").properties()) {
      row(prefix + field.getKey(), field.getValue(), required.contains(field.getKey()));
      if (hasFields(field)) {
        fields(path(prefix, field) + ".", field.getValue(), rules);
      }
      if (!hasFields(field) || field.getValue() != fieldsOf(field.getValue())) {
        add(rules, prefix + field.getKey(), field.getValue());
      }
    }
  }

  private static String path(String prefix, Map.Entry<String, JsonNode> field) {
    return prefix + field.getKey() + (field.getValue().has("items") ? "[]" : "");
  }

  /** The object that holds the fields: that of the entries, for a list. */
  private static JsonNode fieldsOf(JsonNode schema) {
    return schema.has("items") ? schema.get("items") : schema;
  }

  private static boolean hasFields(Map.Entry<String, JsonNode> field) {
    return !KUBERNETES.containsKey(field.getKey()) && fieldsOf(field.getValue()).has("properties");
  }

  private static Set<String> required(JsonNode schema) {
    Set<String> names = new LinkedHashSet<>();
    schema.path("required").forEach(name -> names.add(name.asText()));
    return names;
  }

  private void row(String name, JsonNode schema, boolean required) {
    String simple = name.substring(name.lastIndexOf('.') + 1);
    page.append(
        "| `%s` | %s | %s | %s | %s |\n"
            .formatted(
                name,
                KUBERNETES.getOrDefault(simple, SchemaWords.type(schema)),
                SchemaWords.defaultValue(schema),
                KUBERNETES.containsKey(simple) ? "" : SchemaWords.limits(schema, required),
                SchemaWords.meaning(schema)));
  }

  /** The rules of a list as such; those of an object are found with its fields. */
  private static Map<String, Set<String>> own(String path, JsonNode schema) {
    Map<String, Set<String>> rules = new LinkedHashMap<>();
    if (schema.has("items") || !path.contains(".")) {
      add(rules, "", schema);
    }
    return rules;
  }

  private static void add(Map<String, Set<String>> rules, String path, JsonNode schema) {
    schema
        .path("x-kubernetes-validations")
        .forEach(
            rule ->
                rules
                    .computeIfAbsent(rule.get("message").asText(), _ -> new LinkedHashSet<>())
                    .add(path));
  }

  /** Writes each sentence once, with the fields that it is about. */
  private void rules(String of, Map<String, Set<String>> rules) {
    if (rules.isEmpty()) {
      return;
    }
    page.append("\nRules ").append(of).append(":\n\n");
    rules.forEach(
        (sentence, paths) -> {
          String fields =
              paths.stream()
                  .filter(path -> !path.isEmpty())
                  .map(path -> "`" + path + "`")
                  .collect(Collectors.joining(", "));
          page.append("- ")
              .append(fields.isEmpty() ? "" : fields + ": ")
              .append(SchemaWords.cell(sentence))
              .append("\n");
        });
  }
}
