package dev.hone.operator.progress.auth;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.hone.api.Sha256;
import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which Job's pod sent a token. The answer is used again for a few seconds; the token
 * itself is not kept, only its hash.
 */
public final class Authenticator {
  private static final int MAX_CACHED = 4096;

  private final TokenVerifier tokens;
  private final PodJobs jobs;
  private final Cache<Question, Answer> answers;

  /** Authenticates tokens by the given check, and finds their pods by the given client. */
  public Authenticator(
      TokenVerifier tokens, KubernetesClient client, Duration cacheFor, Ticker ticker) {
    this.tokens = tokens;
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

  /** Whose token it is, and where its pod should be. */
  private record Question(String tokenHash, String namespace) {}

  /** The pod that the token was made for, which must be in the given namespace. */
  ReportingPod authenticate(String token, String namespace) throws ReportRefusedException {
    Question question = new Question(Sha256.hex(token), namespace);
    Answer known = answers.getIfPresent(question);
    if (known == null) {
      known = ask(token, namespace);
      answers.put(question, known);
    }
    return known.orThrow();
  }

  private Answer ask(String token, String namespace) {
    try {
      PodIdentity pod = tokens.verify(token);
      // Before the pod is looked up: there may be no right to look into its namespace.
      if (!pod.namespace().equals(namespace)) {
        throw new ReportRefusedException(
            Refusal.OTHER_NAMESPACE,
            "A pod of namespace %s cannot report for namespace %s."
                .formatted(pod.namespace(), namespace));
      }
      return new Answer(jobs.jobOf(pod), null);
    } catch (ReportRefusedException e) {
      return new Answer(null, e);
    }
  }
}
