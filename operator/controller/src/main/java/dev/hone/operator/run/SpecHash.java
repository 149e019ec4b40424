package dev.hone.operator.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.Names;
import dev.hone.api.ShortHash;
import dev.hone.contract.ContractJson;
import dev.hone.contract.JobConfig;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The hash that a run is named by: over what is executed, the digests of what comes by {@code
 * from}, and {@code spec.rerun}. It does not depend on who asks (name and namespace), nor on what
 * may change while a run goes on (the gate, the run policy), nor on who is told of it (reports,
 * tracking), nor on the Secrets that sources are read with.
 */
public final class SpecHash {

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private SpecHash() {}

  /** The hash of a run. */
  public static String of(JobConfig config, @Nullable String rerun) {
    JsonNode tree;
    try {
      tree = MAPPER.readTree(ContractJson.write(config));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the contract's own JSON cannot be read", e);
    }
    if (tree instanceof ObjectNode object) {
      object.remove(java.util.List.of("namespace", "name", "hash", "gate", "report", "tracking"));
      object.findParents("secretRef").forEach(source -> ((ObjectNode) source).remove("secretRef"));
      if (rerun != null) {
        object.put("rerun", rerun);
      }
    }
    return ShortHash.of(canonical(tree), Names.HASH_LENGTH);
  }

  /** JSON with sorted members, without empty ones, and with every number written one way. */
  static String canonical(JsonNode node) {
    StringBuilder text = new StringBuilder();
    append(node, text);
    return text.toString();
  }

  private static void append(JsonNode node, StringBuilder text) {
    switch (node) {
      case ObjectNode object -> appendObject(object, text);
      case ArrayNode array -> {
        text.append('[');
        array.forEach(
            item -> {
              append(item, text);
              text.append(',');
            });
        text.append(']');
      }
      case JsonNode number when number.isNumber() ->
          text.append(number.decimalValue().stripTrailingZeros().toPlainString());
      default -> text.append(node);
    }
  }

  private static void appendObject(ObjectNode object, StringBuilder text) {
    Map<String, JsonNode> sorted = new TreeMap<>();
    object.properties().forEach(member -> sorted.put(member.getKey(), member.getValue()));
    text.append('{');
    sorted.forEach(
        (name, value) -> {
          if (!value.isNull()) {
            text.append('"').append(name).append("\":");
            append(value, text);
            text.append(',');
          }
        });
    text.append('}');
  }
}
