package dev.hone.server.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Finds the id that fills short rows. The attention mask hides it from most models, but some derive
 * their positions from it.
 */
public final class PadToken {
  private static final Set<String> NAMES = Set.of("[PAD]", "<pad>", "<|pad|>");

  private final ObjectMapper json;

  /** Reads files with that mapper. */
  public PadToken(ObjectMapper json) {
    this.json = json;
  }

  /** The id that config.json, else tokenizer.json names; 0 if neither does. */
  public long find(Path tokenizer, Optional<Path> config) throws IOException {
    if (config.isPresent()) {
      JsonNode id = json.readTree(config.get().toFile()).path("pad_token_id");
      if (id.isIntegralNumber()) {
        return id.longValue();
      }
    }
    JsonNode root = json.readTree(tokenizer.toFile());
    JsonNode padding = root.path("padding").path("pad_id");
    if (padding.isIntegralNumber()) {
      return padding.longValue();
    }
    for (JsonNode token : root.path("added_tokens")) {
      if (NAMES.contains(token.path("content").asText())) {
        return token.path("id").longValue();
      }
    }
    return 0;
  }
}
