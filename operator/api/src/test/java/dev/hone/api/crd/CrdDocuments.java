package dev.hone.api.crd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import dev.hone.api.HoneApi;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.engine.EngineBuild;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.crdv2.generator.CRDGenerator;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes the CustomResourceDefinitions out of the records, as text by file name. */
final class CrdDocuments {

  private static final List<Class<? extends HasMetadata>> KINDS =
      List.of(
          FineTuneJob.class, CompressionJob.class, InferenceDeployment.class, EngineBuild.class);

  /** Lists in which an entry may stand only once; the API server refuses a second one. */
  private static final Set<String> SETS =
      Set.of("labels", "gpuProducts", "products", "providers", "patterns");

  private static final ObjectMapper YAML =
      new ObjectMapper(
          new YAMLFactory()
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER));

  private CrdDocuments() {}

  /** Every definition, by the name of its file. */
  static SortedMap<String, String> generate() {
    Collector output = new Collector();
    ObjectMapper mapper = new ObjectMapper();
    new CRDGenerator()
        .customResourceClasses(KINDS)
        .withObjectMapper(mapper, new KubernetesSerialization(mapper, true))
        .forCRDVersions("v1")
        .withParallelGenerationEnabled(false)
        .withOutput(output)
        .generate();
    SortedMap<String, String> documents = new TreeMap<>();
    output.files.forEach(
        (name, bytes) -> documents.put(fileName(name), finish(bytes.toByteArray())));
    return documents;
  }

  private static String fileName(String crdName) {
    return crdName.replaceFirst("-v1$", "").replaceFirst("[.]" + HoneApi.GROUP + "$", "") + ".yaml";
  }

  private static String finish(byte[] generated) {
    try {
      ObjectNode crd = (ObjectNode) YAML.readTree(generated);
      ((ObjectNode) crd.at("/spec/names")).putArray("categories").add(HoneApi.CATEGORY);
      orderColumns((ObjectNode) crd.at("/spec/versions/0"), crd.at("/spec/names/kind").asText());
      ObjectNode root = (ObjectNode) crd.at("/spec/versions/0/schema/openAPIV3Schema");
      root.putArray("required").add("spec");
      ObjectNode properties = (ObjectNode) root.get("properties");
      markSets(properties.path("spec").path("properties"));
      markConditions((ObjectNode) properties.at("/status/properties/conditions"));
      return YAML.writeValueAsString(tidy(crd));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The generator sorts columns by their path; people read them in the order in which they are
   * declared.
   */
  private static void orderColumns(ObjectNode version, String kind) {
    Map<String, JsonNode> generated = new HashMap<>();
    version.get("additionalPrinterColumns").forEach(c -> generated.put(c.get("name").asText(), c));
    ArrayNode ordered = version.putArray("additionalPrinterColumns");
    for (Class<? extends HasMetadata> type : KINDS) {
      if (HasMetadata.getKind(type).equals(kind)) {
        for (AdditionalPrinterColumn column :
            type.getAnnotationsByType(AdditionalPrinterColumn.class)) {
          ordered.add(generated.get(column.name()));
        }
      }
    }
  }

  private static void markConditions(ObjectNode conditions) {
    conditions.put("x-kubernetes-list-type", "map");
    conditions.putArray("x-kubernetes-list-map-keys").add("type");
    ArrayNode required = ((ObjectNode) conditions.get("items")).putArray("required");
    List.of("lastTransitionTime", "message", "reason", "status", "type").forEach(required::add);
  }

  private static void markSets(JsonNode properties) {
    properties
        .properties()
        .forEach(
            property -> {
              JsonNode schema = property.getValue();
              if (property.getKey().equals("podTemplate")) {
                return;
              }
              if (schema.path("type").asText().equals("array")
                  && SETS.contains(property.getKey())) {
                ((ObjectNode) schema).put("x-kubernetes-list-type", "set");
              }
              markSets(schema.path("properties"));
              markSets(schema.path("items").path("properties"));
            });
  }

  /** The same with members in order, each rule once, and whole numbers written as such. */
  private static JsonNode tidy(JsonNode node) {
    if (node instanceof ObjectNode object) {
      ObjectNode result = YAML.createObjectNode();
      SortedMap<String, JsonNode> members = new TreeMap<>();
      object.properties().forEach(member -> members.put(member.getKey(), tidy(member.getValue())));
      members.forEach(result::set);
      if (result.get("x-kubernetes-validations") instanceof ArrayNode rules) {
        // The generator finds repeated annotations both on a record's field and on its accessor.
        Set<JsonNode> distinct = new LinkedHashSet<>();
        rules.forEach(distinct::add);
        result.putArray("x-kubernetes-validations").addAll(distinct);
      }
      return result;
    }
    if (node instanceof ArrayNode array) {
      ArrayNode result = YAML.createArrayNode();
      array.forEach(element -> result.add(tidy(element)));
      return result;
    }
    if (node.isDouble() && node.doubleValue() == Math.rint(node.doubleValue())) {
      return LongNode.valueOf(node.longValue());
    }
    return node;
  }

  private static final class Collector implements CRDGenerator.CRDOutput<ByteArrayOutputStream> {
    private final Map<String, ByteArrayOutputStream> files = new TreeMap<>();

    @Override
    public ByteArrayOutputStream outputFor(String crdName) {
      return files.computeIfAbsent(crdName, name -> new ByteArrayOutputStream());
    }

    @Override
    public void close() {
      // Nothing is open: the documents stay in memory.
    }
  }
}
