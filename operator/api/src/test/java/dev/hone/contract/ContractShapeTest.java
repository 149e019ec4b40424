package dev.hone.contract;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.common.ModelSource;
import io.fabric8.generator.annotation.Max;
import io.fabric8.generator.annotation.Min;
import io.fabric8.generator.annotation.Size;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Compares the records with the schemas, member by member: names, enums and bounds. */
class ContractShapeTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<String> differences = new ArrayList<>();

  @Test
  void theRecordsAreThoseOfTheSchemas() {
    compare(JobConfig.class, schema("job-config"), "job-config", "job-config");
    compare(ProgressReport.class, schema("progress"), "progress", "progress");
    compare(RunResult.class, schema("result"), "result", "result");
    compare(Failure.class, schema("failure"), "failure", "failure");
    compare(Manifest.class, schema("manifest"), "manifest", "manifest");

    assertThat(differences).as("differences between records and schemas").isEmpty();
  }

  private void compare(Type type, JsonNode unresolved, String document, String path) {
    JsonNode node = unresolved;
    String file = document;
    while (node.has("$ref")) {
      String[] reference = node.get("$ref").asText().split("#", 2);
      file = reference[0].isEmpty() ? file : reference[0].replace(".schema.json", "");
      node = schema(file).at(reference[1]);
    }
    if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
      compare(list.getActualTypeArguments()[0], node.get("items"), file, path + "[]");
    } else if (type instanceof ParameterizedType map && map.getRawType() == Map.class) {
      compare(map.getActualTypeArguments()[1], node.get("additionalProperties"), file, path + "{}");
    } else if (type instanceof Class<?> record && record.isRecord()) {
      compareRecord(record, node, file, path);
    } else if (type instanceof Class<?> constants && constants.isEnum()) {
      same(path, names(constants), texts(node.get("enum")));
    }
  }

  private void compareRecord(Class<?> record, JsonNode node, String file, String path) {
    Set<String> components = new TreeSet<>();
    for (var component : record.getRecordComponents()) {
      components.add(component.getName());
      JsonNode property = node.path("properties").path(component.getName());
      if (!property.isMissingNode()) {
        String name = path + "." + component.getName();
        compare(component.getGenericType(), property, file, name);
        compareBounds(record, component.getName(), property, name);
      }
    }
    if (record == ModelSource.class) {
      // The operator resolves it before it hands a configuration over.
      components.remove("from");
    }
    Set<String> properties = new TreeSet<>();
    node.path("properties").fieldNames().forEachRemaining(properties::add);
    same(path, components, properties);
  }

  /** A bound of the schema holds in the cluster too; the API server may ask for more. */
  private void compareBounds(Class<?> record, String component, JsonNode property, String path) {
    Field field;
    try {
      field = record.getDeclaredField(component);
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
    boolean ofTheApi = record.getPackageName().startsWith("dev.hone.api") && isWritten(record);
    if (!ofTheApi) {
      return;
    }
    Min min = field.getAnnotation(Min.class);
    Max max = field.getAnnotation(Max.class);
    Size size = field.getAnnotation(Size.class);
    bound(path, property, "minimum", min != null && min.inclusive() ? min.value() : null);
    bound(path, property, "exclusiveMinimum", min != null && !min.inclusive() ? min.value() : null);
    bound(path, property, "maximum", max != null && max.inclusive() ? max.value() : null);
    bound(path, property, "exclusiveMaximum", max != null && !max.inclusive() ? max.value() : null);
    bound(path, property, "maxLength", size != null ? (double) size.max() : null);
    if (field.getType() == Map.class) {
      bound(path, property, "maxProperties", size != null ? (double) size.max() : null);
    }
    bound(path, property, "maxItems", size != null ? (double) size.max() : null);
  }

  /** Records of measured figures stand in the status, which nobody writes by hand. */
  private static boolean isWritten(Class<?> record) {
    return Arrays.stream(record.getDeclaredFields())
        .anyMatch(f -> f.isAnnotationPresent(Min.class) || f.isAnnotationPresent(Size.class));
  }

  private void bound(String path, JsonNode property, String keyword, @Nullable Double declared) {
    if (property.has(keyword)
        && (declared == null || property.get(keyword).doubleValue() != declared)) {
      differences.add(
          path
              + ": "
              + keyword
              + " is "
              + property.get(keyword)
              + " there and "
              + declared
              + " here");
    }
  }

  private void same(String path, Set<String> here, Set<String> there) {
    if (!here.equals(there)) {
      differences.add(path + ": " + there + " there and " + here + " here");
    }
  }

  private static Set<String> names(Class<?> constants) {
    return Arrays.stream(constants.getDeclaredFields())
        .filter(Field::isEnumConstant)
        .map(field -> field.getAnnotation(JsonProperty.class).value())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> texts(JsonNode array) {
    Set<String> texts = new TreeSet<>();
    array.forEach(text -> texts.add(text.asText()));
    return texts;
  }

  private static JsonNode schema(String name) {
    try {
      return JSON.readTree(ContractFiles.read(ContractFiles.FOLDER.resolve(name + ".schema.json")));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
