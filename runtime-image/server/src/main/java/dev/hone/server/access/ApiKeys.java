package dev.hone.server.access;

import dev.hone.server.config.ServerConfig;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The keys that clients show in {@code Authorization: Bearer KEY} (RFC 6750), by a file with one on
 * each line, which is read again when it has changed: a Secret that is mounted changes in place.
 */
@ApplicationScoped
public class ApiKeys {
  /** What a client without a key is told. */
  public static final String REFUSAL =
      "this server wants a key: send the header Authorization: Bearer KEY, with a key that it knows";

  private static final Logger LOG = Logger.getLogger(ApiKeys.class);
  private static final String SCHEME = "Bearer ";
  private static final long LOOK_NANOS = Duration.ofSeconds(5).toNanos();

  private final Optional<Path> file;
  private final LongSupplier nanoTime;
  private volatile Known known;

  /** Knows the keys of that setting's file. */
  @Inject
  public ApiKeys(ServerConfig config) {
    this(config.apiKeyFile(), System::nanoTime);
  }

  /**
   * Knows the keys of a file, or lets everybody in without one.
   *
   * @throws IllegalArgumentException with a sentence if the file has no key
   */
  public static ApiKeys of(Optional<Path> file) {
    return new ApiKeys(file, System::nanoTime);
  }

  ApiKeys(Optional<Path> file, LongSupplier nanoTime) {
    this.file = file;
    this.nanoTime = nanoTime;
    this.known =
        file.map(keys -> read(keys, nanoTime.getAsLong()))
            .orElseGet(() -> new Known(List.of(), FileTime.fromMillis(0), 0));
  }

  /** Whether clients need a key. */
  public boolean wanted() {
    return file.isPresent();
  }

  /** Whether a request with this header, or with none, may be answered. */
  public boolean admits(@Nullable String authorization) {
    if (file.isEmpty()) {
      return true;
    }
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return false;
    }
    byte[] shown = digest(authorization.substring(SCHEME.length()).strip());
    boolean admitted = false;
    // All of them, and all of each: the time that it takes tells nothing of a key.
    for (byte[] digest : current(file.get()).digests()) {
      admitted |= MessageDigest.isEqual(digest, shown);
    }
    return admitted;
  }

  private Known current(Path keys) {
    Known last = known;
    long now = nanoTime.getAsLong();
    if (now - last.lookedAt() < LOOK_NANOS) {
      return last;
    }
    try {
      known =
          Files.getLastModifiedTime(keys).equals(last.modified()) ? last.at(now) : read(keys, now);
    } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
      LOG.warnf("HONE_API_KEY_FILE cannot be read again, the keys stay as they are: %s", e);
      known = last.at(now);
    }
    return known;
  }

  /**
   * Reads the keys.
   *
   * @throws IllegalArgumentException with a sentence if there is none
   */
  private static Known read(Path file, long now) {
    try {
      FileTime modified = Files.getLastModifiedTime(file);
      List<byte[]> digests =
          Files.readAllLines(file).stream()
              .map(String::strip)
              .filter(key -> !key.isEmpty())
              .map(ApiKeys::digest)
              .toList();
      if (digests.isEmpty()) {
        throw new IllegalArgumentException(
            "HONE_API_KEY_FILE names %s, which holds no key: write one on each line"
                .formatted(file));
      }
      return new Known(digests, modified, now);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "HONE_API_KEY_FILE names %s, which cannot be read".formatted(file), e);
    }
  }

  private static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** Digests of the keys, of the same length each. */
  private record Known(List<byte[]> digests, FileTime modified, long lookedAt) {
    /** The same, looked at again. */
    Known at(long now) {
      return new Known(digests, modified, now);
    }
  }
}
