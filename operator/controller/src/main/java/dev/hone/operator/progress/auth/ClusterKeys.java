package dev.hone.operator.progress.auth;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jose4j.http.SimpleResponse;
import org.jose4j.json.JsonUtil;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;
import org.jose4j.keys.resolvers.VerificationKeyResolver;
import org.jose4j.lang.JoseException;

/**
 * The keys that the cluster signs service-account tokens with, and the issuer that it names in
 * them, from the API server's discovery endpoints. Every service account may read those (the
 * built-in ClusterRole {@code system:service-account-issuer-discovery}).
 */
final class ClusterKeys {
  static final String KEYS_PATH = "/openid/v1/jwks";
  static final String CONFIGURATION_PATH = "/.well-known/openid-configuration";

  /** What the cluster has replaced is believed for at most so long. */
  private static final Duration KEPT = Duration.ofMinutes(10);

  /** Tokens with made-up key names must not make the operator ask the API server each time. */
  private static final Duration REFETCHED_AT_MOST_EVERY = Duration.ofSeconds(10);

  private final VerificationKeyResolver resolver;
  private final LoadingCache<String, String> issuers;

  /** Keys that are read by the given client when the first token comes. */
  ClusterKeys(KubernetesClient client) {
    this(path -> read(client, path), REFETCHED_AT_MOST_EVERY);
  }

  /**
   * Keys of any API server.
   *
   * @param api what a GET of a path answers
   * @param refetchedAtMostEvery how long after a fetch an unknown key causes no other one
   */
  ClusterKeys(UnaryOperator<String> api, Duration refetchedAtMostEvery) {
    HttpsJwks keys = new HttpsJwks(KEYS_PATH);
    keys.setSimpleHttpGet(path -> new Body(api.apply(path)));
    keys.setDefaultCacheDuration(KEPT.toSeconds());
    keys.setRefreshReprieveThreshold(refetchedAtMostEvery.toMillis());
    this.resolver = new HttpsJwksVerificationKeyResolver(keys);
    this.issuers =
        Caffeine.newBuilder().expireAfterWrite(KEPT).build(path -> issuerOf(api.apply(path)));
  }

  /** Finds the key that a token says it is signed with; an unknown one makes it look again. */
  VerificationKeyResolver resolver() {
    return resolver;
  }

  /** Who issues the cluster's tokens. */
  String issuer() {
    return issuers.get(CONFIGURATION_PATH);
  }

  private static String issuerOf(String configuration) {
    try {
      if (JsonUtil.parseJson(configuration).get("issuer") instanceof String name) {
        return name;
      }
    } catch (JoseException e) {
      throw new KubernetesClientException(CONFIGURATION_PATH + " is not JSON", e);
    }
    throw new KubernetesClientException(CONFIGURATION_PATH + " names no issuer");
  }

  private static String read(KubernetesClient client, String path) {
    String body;
    try {
      body = client.raw(path);
    } catch (KubernetesClientException e) {
      if (e.getCode() != HttpURLConnection.HTTP_FORBIDDEN) {
        throw e;
      }
      throw new KubernetesClientException(
          "The operator may not read "
              + path
              + "; bind the ClusterRole system:service-account-issuer-discovery to the group"
              + " system:serviceaccounts, as Kubernetes does by default.",
          e.getCode(),
          e.getStatus());
    }
    if (body == null) {
      throw new KubernetesClientException(
          "The API server has no " + path, HttpURLConnection.HTTP_NOT_FOUND, null);
    }
    return body;
  }

  /** An answer without headers: how long it is kept is decided here. */
  private record Body(String text) implements SimpleResponse {
    @Override
    public int getStatusCode() {
      return HttpURLConnection.HTTP_OK;
    }

    @Override
    public String getStatusMessage() {
      return "OK";
    }

    @Override
    public Collection<String> getHeaderNames() {
      return List.of();
    }

    @Override
    public List<String> getHeaderValues(String name) {
      return List.of();
    }

    @Override
    public String getBody() {
      return text;
    }
  }
}
