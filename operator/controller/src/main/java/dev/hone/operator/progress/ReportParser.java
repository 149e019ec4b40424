package dev.hone.operator.progress;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.hone.contract.ContractJson;
import dev.hone.contract.ProgressReport;
import dev.hone.contract.RunResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Reads reports strictly: what the contract's schema does not allow is refused with a sentence. */
public final class ReportParser {
  private static final String SCHEMA_IDS = "https://hone.dev/contract/v1/";
  private static final String SCHEMA_FILES = "classpath:contract/v1/";
  private static final int MAX_DEPTH = 32;
  private static final int MAX_NUMBER_LENGTH = 64;

  private static final JsonMapper STRICT =
      JsonMapper.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Schema progress;
  private final Schema result;

  /** Loads the contract's schemas from the class path. */
  public ReportParser() {
    SchemaRegistry registry =
        SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            builder ->
                builder.schemaIdResolvers(
                    resolvers -> resolvers.mapPrefix(SCHEMA_IDS, SCHEMA_FILES)));
    this.progress = registry.getSchema(SchemaLocation.of(SCHEMA_IDS + "progress.schema.json"));
    this.result = registry.getSchema(SchemaLocation.of(SCHEMA_IDS + "result.schema.json"));
  }

  /** Reads a progress report. */
  public ProgressReport progress(byte[] body) throws ReportRefusedException {
    return read(body, progress, ProgressReport.class);
  }

  /** Reads a result. */
  public RunResult result(byte[] body) throws ReportRefusedException {
    return read(body, result, RunResult.class);
  }

  private static <T> T read(byte[] body, Schema schema, Class<T> type)
      throws ReportRefusedException {
    try {
      JsonNode tree = STRICT.readTree(body);
      if (tree.isMissingNode()) {
        throw malformed("The body is empty; send a JSON document.");
      }
      requireFinite(tree);
      String text = new String(body, StandardCharsets.UTF_8);
      List<Error> errors = schema.validate(text, InputFormat.JSON);
      if (!errors.isEmpty()) {
        throw malformed(sentence(errors.getFirst()));
      }
      return ContractJson.read(body, type);
    } catch (JacksonException e) {
      throw malformed("The body is not JSON as RFC 8259 has it: %s.".formatted(where(e)));
    } catch (IOException e) {
      throw malformed("The body cannot be read: %s.".formatted(e.getMessage()));
    }
  }

  /** A number that is too large for a double would become Infinity, which is no JSON any more. */
  private static void requireFinite(JsonNode node) throws ReportRefusedException {
    if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
      throw malformed("A number is not finite; leave the member out instead.");
    }
    for (JsonNode child : node) {
      requireFinite(child);
    }
  }

  private static String sentence(Error error) {
    String path = error.getInstanceLocation().toString();
    return "%s %s."
        .formatted(path.isEmpty() ? "The document" : "The member " + path, error.getMessage());
  }

  private static String where(JacksonException e) {
    String message = e.getOriginalMessage().replaceAll("\\s+", " ");
    return e.getLocation() == null
        ? message
        : "%s (line %d, column %d)"
            .formatted(message, e.getLocation().getLineNr(), e.getLocation().getColumnNr());
  }

  private static ReportRefusedException malformed(String message) {
    return new ReportRefusedException(Refusal.MALFORMED, message);
  }
}
