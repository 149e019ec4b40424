package dev.hone.operator.progress;

import static dev.hone.operator.progress.Reports.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.api.Names;
import dev.hone.operator.config.HoneConfig;
import dev.hone.operator.it.ChartRoles;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.TestNamespace;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.keys.HmacKey;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The endpoint of an operator that is narrowed to a namespace: under the Roles that the chart
 * renders then, tokens are checked by the keys of the real API server.
 */
@WithApiServer
class RolesOnlyReportsIT {
  private static final String HASH = "a1b2c3d4e5";
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final TestClock clock = new TestClock(Duration.ZERO);
  private ApiServer server;
  private KubernetesClient client;
  private Replica replica;
  private ReportingRun run;

  @BeforeEach
  void start(ApiServer apiServer, TestNamespace namespace) throws Exception {
    server = apiServer;
    String home = apiServer.newNamespace("narrowed");
    HoneConfig config = Settings.of(home, Map.of("hone.watch-namespaces", namespace.name()));
    client =
        apiServer.serviceAccount(
            home, "hone-operator", ChartRoles.renderNarrowed(home, namespace.name()));
    replica = new Replica(client, config, clock);
    run = ReportingRun.create(apiServer, namespace.name(), "spam", HASH);
  }

  @AfterEach
  void stop() {
    replica.close();
    client.close();
  }

  @Test
  void tokensCannotBeReviewedWithTheseRights() {
    var review = new TokenReviewBuilder().withNewSpec().withToken(run.token()).endSpec().build();
    assertThatThrownBy(() -> client.tokenReviews().create(review))
        .hasMessageContaining("forbidden");
  }

  @Test
  void theRunsOwnPodMayReport() throws Exception {
    assertThat(report(run.token()).statusCode()).isEqualTo(200);
    run.awaitPercent(1);

    String result = Reports.result(HASH, "a");
    assertThat(replica.post(run.path("result"), run.token(), result).statusCode()).isEqualTo(200);
    assertThat(run.result()).isNotNull();
    run.awaitPercent(100);
  }

  @Test
  void anotherAudienceIsRefused() throws Exception {
    assertRefused(report(run.token("https://kubernetes.default.svc")), 401, "audience");
    assertRefused(report(run.token("hone.dev/report")), 401, "audience");
  }

  @Test
  void anExpiredTokenIsRefused() throws Exception {
    // The API server makes no token that lasts less than ten minutes.
    String token = run.token();
    clock.moveTo(Duration.ofSeconds(605));
    assertThat(report(token).statusCode()).isEqualTo(200);
    String another = run.token();
    clock.moveTo(Duration.ofSeconds(615));
    assertRefused(report(another), 401, "not valid");
  }

  @Test
  void aTokenThatIsBoundToNoPodIsRefused() throws Exception {
    String token = server.token(run.namespace(), "default", List.of(Names.REPORT_AUDIENCE));
    assertRefused(report(token), 401, "not bound to a pod");
  }

  @Test
  void theTokenOfAnotherPodIsRefused() throws Exception {
    ReportingRun sibling = ReportingRun.create(server, run.namespace(), "other", HASH);
    ReportingRun stranger = ReportingRun.create(server, server.newNamespace("team"), "spam", HASH);

    assertRefused(report(sibling.token()), 403, "not a Job");
    // A pod that the operator may not even look at.
    HttpResponse<String> answer = report(stranger.token());
    assertRefused(answer, 403, "namespace");
    assertThat(run.status().progress()).isNull();
  }

  @Test
  void theTokenOfAPodThatIsGoneIsRefused() throws Exception {
    String token = run.token();
    run.deletePod();
    assertRefused(report(token), 403, "does not exist any more");
  }

  @Test
  void aForgedSignatureIsRefused() throws Exception {
    String token = run.token();
    RsaJsonWebKey foreign = RsaJwkGenerator.generateJwk(2048);

    // The right key's name, another key.
    assertRefused(report(signedBy(foreign, keyId(token), payload(token))), 401, "not valid");
    // A key that the cluster does not know.
    assertRefused(report(signedBy(foreign, "made-up", payload(token))), 401, "not valid");
    // The right signature, another content.
    String other = payload(token).replace("\"spam-", "\"ham-");
    String[] parts = token.split("\\.");
    assertRefused(report(parts[0] + "." + base64(other) + "." + parts[2]), 401, "not valid");
    assertRefused(report(parts[0] + "." + parts[1] + "."), 401, "not valid");
  }

  @Test
  void theAlgorithmNoneIsRefused() throws Exception {
    String payload = base64(payload(run.token()));
    for (String none : List.of("none", "None", "NONE")) {
      String head = base64("{\"alg\":\"" + none + "\",\"typ\":\"JWT\"}");
      assertRefused(report(head + "." + payload + "."), 401, "not valid");
    }
  }

  @Test
  void thePublicKeyIsNoSecretThatOneCouldSignWith() throws Exception {
    String token = run.token();
    var keys = new JsonWebKeySet(server.admin().raw("/openid/v1/jwks"));
    var key = (RsaJsonWebKey) keys.getJsonWebKeys().getFirst();
    JsonWebSignature forged = new JsonWebSignature();
    forged.setPayload(payload(token));
    forged.setKeyIdHeaderValue(keyId(token));
    forged.setAlgorithmHeaderValue(AlgorithmIdentifiers.HMAC_SHA256);
    forged.setKey(new HmacKey(key.getKey().getEncoded()));
    assertRefused(report(forged.getCompactSerialization()), 401, "not valid");
  }

  private HttpResponse<String> report(String token) throws Exception {
    return replica.post(run.path("progress"), token, Reports.progress(HASH, 1));
  }

  private static String signedBy(RsaJsonWebKey key, String keyId, String payload) throws Exception {
    JsonWebSignature forged = new JsonWebSignature();
    forged.setPayload(payload);
    forged.setKeyIdHeaderValue(keyId);
    forged.setAlgorithmHeaderValue(AlgorithmIdentifiers.RSA_USING_SHA256);
    forged.setKey(key.getPrivateKey());
    return forged.getCompactSerialization();
  }

  private static String keyId(String token) throws Exception {
    return ((JsonWebSignature) JsonWebSignature.fromCompactSerialization(token))
        .getKeyIdHeaderValue();
  }

  private static String payload(String token) {
    return new String(Base64.getUrlDecoder().decode(token.split("\\.")[1]), StandardCharsets.UTF_8);
  }

  private static String base64(String text) {
    return BASE64.encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
