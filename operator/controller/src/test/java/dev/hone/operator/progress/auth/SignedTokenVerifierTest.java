package dev.hone.operator.progress.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Keys and claims that a real API server would have to be started anew for. */
class SignedTokenVerifierTest {
  private static final String ISSUER = "https://issuer.example";
  private static final String AUDIENCE = "hone.dev/reports";
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final PodIdentity POD = new PodIdentity("team", "spam-1", "uid-1");

  private final List<PublicJsonWebKey> published = new ArrayList<>();
  private final AtomicInteger fetches = new AtomicInteger();
  private final AtomicBoolean down = new AtomicBoolean();
  private PublicJsonWebKey rsa;

  @BeforeEach
  void publishAKey() throws JoseException {
    rsa = named(RsaJwkGenerator.generateJwk(2048), "first");
    published.add(rsa);
  }

  @Test
  void tokensOfBothKindsOfKeysAreRead() throws Exception {
    PublicJsonWebKey ec = named(EcJwkGenerator.generateJwk(EllipticCurves.P256), "second");
    published.add(ec);
    TokenVerifier verifier = verifier(Duration.ofSeconds(10));

    assertThat(verifier.verify(sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, claims())))
        .isEqualTo(POD);
    assertThat(
            verifier.verify(
                sign(ec, AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256, claims())))
        .isEqualTo(POD);
    assertThat(fetches).hasValue(1);
  }

  @Test
  void aKeyThatTheClusterHasAddedIsFetched() throws Exception {
    TokenVerifier verifier = verifier(Duration.ZERO);
    verifier.verify(sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, claims()));
    PublicJsonWebKey next = named(RsaJwkGenerator.generateJwk(2048), "next");
    published.add(next);

    assertThat(verifier.verify(sign(next, AlgorithmIdentifiers.RSA_USING_SHA256, claims())))
        .isEqualTo(POD);
    assertThat(fetches).hasValue(2);
  }

  @Test
  void madeUpKeyNamesDoNotMakeItAskTheApiServerEachTime() throws Exception {
    TokenVerifier verifier = verifier(Duration.ofMinutes(1));
    for (int i = 0; i < 50; i++) {
      PublicJsonWebKey unknown = named(rsa, "unknown-" + i);
      assertInvalid(verifier, sign(unknown, AlgorithmIdentifiers.RSA_USING_SHA256, claims()));
    }
    assertThat(fetches).hasValue(1);
  }

  @Test
  void claimsThatAreWrongOrMissingAreRefused() throws Exception {
    TokenVerifier verifier = verifier(Duration.ofSeconds(10));
    JwtClaims otherIssuer = claims();
    otherIssuer.setIssuer("https://another.example");
    JwtClaims noIssuer = claims();
    noIssuer.unsetClaim("iss");
    JwtClaims noAudience = claims();
    noAudience.unsetClaim("aud");
    JwtClaims otherAudience = claims();
    otherAudience.setAudience("hone.dev");
    JwtClaims forever = claims();
    forever.unsetClaim("exp");
    JwtClaims expired = claims();
    expired.setIssuedAt(at(NOW.minusSeconds(600)));
    expired.setNotBefore(at(NOW.minusSeconds(600)));
    expired.setExpirationTime(at(NOW.minusSeconds(11)));
    JwtClaims later = claims();
    later.setNotBefore(at(NOW.plusSeconds(11)));
    JwtClaims noSubject = claims();
    noSubject.unsetClaim("sub");
    for (JwtClaims wrong :
        List.of(
            otherIssuer, noIssuer, noAudience, otherAudience, forever, expired, later, noSubject)) {
      assertInvalid(verifier, sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, wrong));
    }
  }

  @Test
  void clocksMayDifferALittle() throws Exception {
    JwtClaims justExpired = claims();
    justExpired.setIssuedAt(at(NOW.minusSeconds(600)));
    justExpired.setNotBefore(at(NOW.minusSeconds(600)));
    justExpired.setExpirationTime(at(NOW.minusSeconds(9)));
    JwtClaims soon = claims();
    soon.setNotBefore(at(NOW.plusSeconds(9)));
    TokenVerifier verifier = verifier(Duration.ZERO);
    for (JwtClaims good : List.of(justExpired, soon)) {
      assertThat(verifier.verify(sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, good)))
          .isEqualTo(POD);
    }
  }

  @Test
  void tokensThatNameNoPodAreRefused() throws Exception {
    TokenVerifier verifier = verifier(Duration.ofSeconds(10));
    JwtClaims user = claims();
    user.setSubject("jane");
    JwtClaims node = claims();
    node.setClaim("kubernetes.io", Map.of("namespace", "team", "node", Map.of("name", "n")));
    JwtClaims noUid = claims();
    noUid.setClaim("kubernetes.io", Map.of("namespace", "team", "pod", Map.of("name", POD.name())));
    JwtClaims elsewhere = claims();
    elsewhere.setSubject("system:serviceaccount:other:default");
    for (JwtClaims wrong : List.of(user, node, noUid, elsewhere)) {
      assertInvalid(verifier, sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, wrong));
    }
  }

  @Test
  void whatIsNoTokenIsRefused() {
    TokenVerifier verifier = verifier(Duration.ofSeconds(10));
    for (String wrong : List.of("", "a", "a.b.c", "....", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA")) {
      assertInvalid(verifier, wrong);
    }
  }

  @Test
  void anApiServerThatDoesNotAnswerSaysNothingAboutTheToken() throws Exception {
    TokenVerifier verifier = verifier(Duration.ZERO);
    String token = sign(rsa, AlgorithmIdentifiers.RSA_USING_SHA256, claims());
    down.set(true);
    assertThatThrownBy(() -> verifier.verify(token)).isInstanceOf(KubernetesClientException.class);
    down.set(false);
    assertThat(verifier.verify(token)).isEqualTo(POD);
    down.set(true);
    // What is known already still counts; what is not known cannot be told from what is wrong.
    assertThat(verifier.verify(token)).isEqualTo(POD);
    String unknown = sign(named(rsa, "next"), AlgorithmIdentifiers.RSA_USING_SHA256, claims());
    assertThatThrownBy(() -> verifier.verify(unknown))
        .isInstanceOf(KubernetesClientException.class);
  }

  private static void assertInvalid(TokenVerifier verifier, String token) {
    assertThatThrownBy(() -> verifier.verify(token))
        .isInstanceOfSatisfying(
            ReportRefusedException.class,
            refusal -> assertThat(refusal.reason()).isEqualTo(Refusal.TOKEN_INVALID));
  }

  private TokenVerifier verifier(Duration refetchedAtMostEvery) {
    return new SignedTokenVerifier(
        new ClusterKeys(this::answer, refetchedAtMostEvery),
        AUDIENCE,
        Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private String answer(String path) {
    if (down.get()) {
      throw new KubernetesClientException("connection refused");
    }
    if (path.equals(ClusterKeys.CONFIGURATION_PATH)) {
      return "{\"issuer\":\"" + ISSUER + "\"}";
    }
    fetches.incrementAndGet();
    return new JsonWebKeySet(published).toJson();
  }

  private static PublicJsonWebKey named(PublicJsonWebKey key, String id) throws JoseException {
    PublicJsonWebKey copy =
        PublicJsonWebKey.Factory.newPublicJwk(
            key.toParams(org.jose4j.jwk.JsonWebKey.OutputControlLevel.INCLUDE_PRIVATE));
    copy.setKeyId(id);
    return copy;
  }

  private static NumericDate at(Instant time) {
    return NumericDate.fromSeconds(time.getEpochSecond());
  }

  private static JwtClaims claims() {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(ISSUER);
    claims.setAudience(AUDIENCE);
    claims.setSubject("system:serviceaccount:team:default");
    claims.setIssuedAt(at(NOW));
    claims.setNotBefore(at(NOW));
    claims.setExpirationTime(at(NOW.plusSeconds(600)));
    claims.setClaim(
        "kubernetes.io",
        Map.of(
            "namespace",
            POD.namespace(),
            "pod",
            Map.of("name", POD.name(), "uid", POD.uid()),
            "serviceaccount",
            Map.of("name", "default", "uid", "sa-uid")));
    return claims;
  }

  private static String sign(PublicJsonWebKey key, String algorithm, JwtClaims claims)
      throws JoseException {
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setKeyIdHeaderValue(key.getKeyId());
    signature.setAlgorithmHeaderValue(algorithm);
    signature.setKey(key.getPrivateKey());
    return signature.getCompactSerialization();
  }
}
