package dev.hone.server.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What a Secret of the type kubernetes.io/tls holds, as files of a folder; all of them in PEM. */
public final class TlsFiles {
  /** The server's certificate and those between it and an authority. */
  public static final String CERTIFICATE = "tls.crt";

  /** Its private key. */
  public static final String KEY = "tls.key";

  /** The authorities whose clients are welcome. */
  public static final String AUTHORITY = "ca.crt";

  private TlsFiles() {}

  /** The first of these that cannot be read. */
  public static Optional<String> unreadable(Path folder, List<String> files) {
    return files.stream().filter(file -> !Files.isReadable(folder.resolve(file))).findFirst();
  }
}
