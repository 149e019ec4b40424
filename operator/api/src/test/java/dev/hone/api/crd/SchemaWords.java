package dev.hone.api.crd;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Says in words, for a cell of a Markdown table, what a schema of a definition lets pass. */
final class SchemaWords {

  private static final Pattern DEFAULT = Pattern.compile("\\s*\\(default: ([^)]*)\\)");

  private SchemaWords() {}

  /** The type, for example {@code list of string}. */
  static String type(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return "amount";
    }
    String type = schema.path("type").asText();
    return switch (type) {
      case "array" -> "list of " + type(schema.get("items"));
      case "object" ->
          schema.has("additionalProperties")
              ? "map to " + type(schema.get("additionalProperties"))
              : "object";
      default -> type;
    };
  }

  /** What the description gives as the default. */
  static String defaultValue(JsonNode schema) {
    if (schema.has("default")) {
      return code(schema.get("default").asText());
    }
    Matcher matcher = DEFAULT.matcher(description(schema));
    return matcher.find() ? cell(matcher.group(1)) : "";
  }

  /** The description without the default. */
  static String meaning(JsonNode schema) {
    return cell(DEFAULT.matcher(description(schema)).replaceFirst(""));
  }

  /** The limits of a value, or of the entries of a list or map. */
  static String limits(JsonNode schema, boolean required) {
    StringJoiner text = new StringJoiner("; ");
    if (required) {
      text.add("**required**");
    }
    addRange(text, "", schema, "minimum", "maximum");
    addRange(text, "length ", schema, "minLength", "maxLength");
    addRange(text, "entries ", schema, "minItems", "maxItems");
    addRange(text, "entries ", schema, "minProperties", "maxProperties");
    if (schema.path("x-kubernetes-list-type").asText().equals("set")) {
      text.add("each once");
    }
    if (schema.has("enum")) {
      List<String> values = new ArrayList<>();
      schema.get("enum").forEach(value -> values.add(code(value.asText())));
      text.add(String.join(", ", values));
    }
    if (schema.has("pattern")) {
      text.add("like " + code(schema.get("pattern").asText()));
    }
    JsonNode inner = schema.has("items") ? schema.get("items") : schema.get("additionalProperties");
    if (inner != null && !inner.has("properties")) {
      String each = limits(inner, false);
      if (!each.isEmpty()) {
        text.add("each: " + each);
      }
    }
    return text.toString();
  }

  private static void addRange(
      StringJoiner text, String what, JsonNode schema, String least, String most) {
    String from = number(schema.get(least));
    String to = number(schema.get(most));
    boolean above = schema.path("exclusiveMinimum").asBoolean() && least.equals("minimum");
    boolean below = schema.path("exclusiveMaximum").asBoolean() && most.equals("maximum");
    if (!from.isEmpty() && !to.isEmpty() && !above && !below) {
      text.add(what + from + " to " + to);
      return;
    }
    if (!from.isEmpty()) {
      text.add(what + (above ? "above " : "at least ") + from);
    }
    if (!to.isEmpty()) {
      text.add(what + (below ? "below " : "at most ") + to);
    }
  }

  private static String number(JsonNode value) {
    return value == null ? "" : new BigDecimal(value.asText()).stripTrailingZeros().toPlainString();
  }

  private static String description(JsonNode schema) {
    return schema.path("description").asText();
  }

  /** A value as it is written; a bar would end the cell, even within code. */
  private static String code(String text) {
    return "`" + text.replace("|", "\\|") + "`";
  }

  /** A text for people within a cell. */
  static String cell(String text) {
    return text.replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("*", "\\*")
        .replace("\n", " ")
        .strip();
  }
}
