package dev.hone.server.lifecycle;

import dev.hone.server.config.ClientAuth;
import dev.hone.server.config.TlsFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The files of TLS and of keys, looked at before anything starts: the framework would fail on them
 * with words of its own.
 */
public final class AccessFiles {
  private static final int EXIT_BAD_INPUT = 64;

  private final Map<String, String> environment;

  /** The files that these settings name. */
  public AccessFiles(Map<String, String> environment) {
    this.environment = environment;
  }

  /**
   * What there is to do in place of serving if something is wrong with them: it says so in the
   * termination log, and gives the exit code.
   */
  public Optional<IntSupplier> refusal() {
    return problem()
        .map(
            sentence ->
                () -> {
                  FailureReport.of(environment).write("ConfigInvalid", sentence);
                  return EXIT_BAD_INPUT;
                });
  }

  /** What is wrong with them, as a sentence. */
  Optional<String> problem() {
    @Nullable String folder = environment.get("HONE_TLS");
    @Nullable String clients = environment.get("HONE_TLS_CLIENT_AUTH");
    boolean required = ClientAuth.REQUIRED.name().equalsIgnoreCase(clients);
    if (clients != null && !required && !ClientAuth.NONE.name().equalsIgnoreCase(clients)) {
      return Optional.of("HONE_TLS_CLIENT_AUTH is %s: write Required or None".formatted(clients));
    }
    @Nullable String name = environment.get("HONE_TLS_CLIENT_NAME");
    if (name != null && !name.isBlank() && !required) {
      return Optional.of(
          "HONE_TLS_CLIENT_NAME is %s, and clients show no certificate: set HONE_TLS_CLIENT_AUTH to Required"
              .formatted(name));
    }
    if (folder == null || folder.isBlank()) {
      return required
          ? Optional.of("HONE_TLS_CLIENT_AUTH is Required without HONE_TLS: name a folder there")
          : keys();
    }
    List<String> files = new ArrayList<>(List.of(TlsFiles.CERTIFICATE, TlsFiles.KEY));
    if (required) {
      files.add(TlsFiles.AUTHORITY);
    }
    return TlsFiles.unreadable(Path.of(folder), files)
        .map(
            file ->
                "HONE_TLS is %s, where %s cannot be read: name a folder with %s"
                    .formatted(folder, file, String.join(", ", files)))
        .or(this::keys);
  }

  private Optional<String> keys() {
    @Nullable String file = environment.get("HONE_API_KEY_FILE");
    return file == null || file.isBlank() || Files.isReadable(Path.of(file))
        ? Optional.empty()
        : Optional.of(
            "HONE_API_KEY_FILE is %s, which cannot be read: name a file with a key on each line"
                .formatted(file));
  }
}
