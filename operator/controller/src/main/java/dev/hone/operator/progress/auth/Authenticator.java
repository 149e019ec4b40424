package dev.hone.operator.progress.auth;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.hone.api.Names;
import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which Job's pod sent a token. The answer is used again for a few seconds; the token
 * itself is not kept, only its hash.
 */
public final class Authenticator {
  private static final int MAX_CACHED = 4096;

  private final TokenReviewer reviewer;
  private final PodJobs jobs;
  private final Cache<String, Answer> answers;

  /** Authenticates by way of the given client. */
  public Authenticator(KubernetesClient client, Duration cacheFor, Ticker ticker) {
    this.reviewer = new TokenReviewer(client, Names.REPORT_AUDIENCE);
    this.jobs = new PodJobs(client);
    this.answers =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumSize(MAX_CACHED)
            .expireAfterWrite(cacheFor)
            .build();
  }

  /**
   * Refusals are kept too: a pod with a bad token must not make the operator ask again and again.
   */
  private record Answer(@Nullable ReportingPod pod, @Nullable ReportRefusedException refusal) {
    ReportingPod orThrow() throws ReportRefusedException {
      if (pod != null) {
        return pod;
      }
      throw Objects.requireNonNull(refusal);
    }
  }

  ReportingPod authenticate(String token) throws ReportRefusedException {
    String hash = sha256(token);
    Answer known = answers.getIfPresent(hash);
    if (known == null) {
      known = ask(token);
      answers.put(hash, known);
    }
    return known.orThrow();
  }

  private Answer ask(String token) {
    try {
      return new Answer(jobs.jobOf(reviewer.review(token)), null);
    } catch (ReportRefusedException e) {
      return new Answer(null, e);
    }
  }

  private static String sha256(String token) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JVM has SHA-256", e);
    }
  }
}
