package dev.hone.server.lifecycle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jboss.logging.Logger;

/** Writes why the server could not start where Kubernetes, and so the operator, reads it. */
final class FailureReport {
  private static final Logger LOG = Logger.getLogger(FailureReport.class);
  private static final int MAX_MESSAGE = 2048;

  private final Path file;
  private final ObjectMapper json;

  FailureReport(Path file, ObjectMapper json) {
    this.file = file;
    this.json = json;
  }

  /** A report of a program that goes by the environment alone. */
  static FailureReport of(Map<String, String> environment) {
    return new FailureReport(
        Path.of(environment.getOrDefault("HONE_TERMINATION_LOG", "/dev/termination-log")),
        new ObjectMapper());
  }

  /** Writes the failure document of the contract. */
  void write(String reason, String sentence) {
    LOG.errorf("%s: %s", reason, sentence);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("reason", reason);
    document.put(
        "message",
        sentence.length() <= MAX_MESSAGE ? sentence : sentence.substring(0, MAX_MESSAGE - 1) + "…");
    write(document);
  }

  /** Writes another document. */
  void write(Map<String, Object> document) {
    try {
      // Not CREATE: outside of a container there is no such file, and it is not ours to make.
      Files.write(
          file,
          json.writeValueAsString(document).getBytes(StandardCharsets.UTF_8),
          StandardOpenOption.WRITE,
          StandardOpenOption.TRUNCATE_EXISTING);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("two strings are always JSON", e);
    } catch (IOException e) {
      LOG.debugf("the termination log %s cannot be written: %s", file, e);
    }
  }
}
