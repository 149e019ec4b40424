package dev.hone.operator.progress.auth;

import static org.jose4j.jws.AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256;
import static org.jose4j.jws.AlgorithmIdentifiers.ECDSA_USING_P384_CURVE_AND_SHA384;
import static org.jose4j.jws.AlgorithmIdentifiers.ECDSA_USING_P521_CURVE_AND_SHA512;
import static org.jose4j.jws.AlgorithmIdentifiers.RSA_USING_SHA256;

import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Checks tokens by the keys that the cluster publishes: for an operator that has Roles only, for a
 * token review takes a ClusterRole. What it cannot see, that the pod is still there, is left to
 * whoever looks at the pod next ({@link PodJobs} does).
 */
public final class SignedTokenVerifier implements TokenVerifier {
  private static final Logger LOG = Logger.getLogger(SignedTokenVerifier.class);

  /** Clocks of two machines differ by as much. */
  private static final int LEEWAY_SECONDS = 10;

  private static final String BOUND_TO = "kubernetes.io";

  private final ClusterKeys keys;
  private final String audience;
  private final Clock clock;

  /** Reads the cluster's keys by the given client. */
  public SignedTokenVerifier(KubernetesClient client, String audience, Clock clock) {
    this(new ClusterKeys(client), audience, clock);
  }

  SignedTokenVerifier(ClusterKeys keys, String audience, Clock clock) {
    this.keys = keys;
    this.audience = audience;
    this.clock = clock;
  }

  @Override
  public PodIdentity verify(String token) throws ReportRefusedException {
    try {
      return pod(consumer().processToClaims(token));
    } catch (InvalidJwtException e) {
      unreachable(e)
          .ifPresent(
              cause -> {
                throw cause;
              });
      // The exception's own message holds the token.
      LOG.debugf(
          "Refused a token: %s", e.getErrorDetails().stream().map(d -> d.getErrorCode()).toList());
      throw TokenRefusals.invalid(audience);
    } catch (MalformedClaimException e) {
      throw TokenRefusals.invalid(audience);
    }
  }

  private JwtConsumer consumer() {
    return new JwtConsumerBuilder()
        // What kube-apiserver signs with; "none" and keyed hashes above all are not among them.
        .setJwsAlgorithmConstraints(
            ConstraintType.PERMIT,
            RSA_USING_SHA256,
            ECDSA_USING_P256_CURVE_AND_SHA256,
            ECDSA_USING_P384_CURVE_AND_SHA384,
            ECDSA_USING_P521_CURVE_AND_SHA512)
        .setVerificationKeyResolver(keys.resolver())
        .setExpectedIssuer(true, keys.issuer())
        .setExpectedAudience(true, audience)
        .setRequireSubject()
        .setRequireExpirationTime()
        .setEvaluationTime(NumericDate.fromMilliseconds(clock.millis()))
        .setAllowedClockSkewInSeconds(LEEWAY_SECONDS)
        .build();
  }

  /** An API server that does not answer says nothing about the token. */
  private static Optional<KubernetesClientException> unreachable(InvalidJwtException e) {
    for (@Nullable Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof KubernetesClientException failure) {
        return Optional.of(failure);
      }
    }
    return Optional.empty();
  }

  private static PodIdentity pod(JwtClaims claims)
      throws MalformedClaimException, ReportRefusedException {
    if (ServiceAccountName.parse(claims.getSubject()).orElse(null)
            instanceof ServiceAccountName account
        && claims.getClaimValue(BOUND_TO) instanceof Map<?, ?> bound
        && account.namespace().equals(bound.get("namespace"))
        && bound.get("pod") instanceof Map<?, ?> pod
        && pod.get("name") instanceof String name
        && pod.get("uid") instanceof String uid) {
      return new PodIdentity(account.namespace(), name, uid);
    }
    throw TokenRefusals.notOfAPod();
  }
}
