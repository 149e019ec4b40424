package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model that is served over TLS to those alone that show a certificate and send a key, by its
 * pods or behind the routers of a rollout.
 */
@ExtendWith(Lab.Provider.class)
class AccessIT {
  private static final Duration RUN = Duration.ofSeconds(240);
  private static final String NAME = "guarded";
  private static final String PASSWORD = "guarded";
  private static final String KEY = "a-key-of-the-test";

  /** Errors alone decide: the version that comes gives the same answers. */
  private static final String ROLLOUT =
      "{\"spec\":{\"rollout\":{\"steps\":[{\"weight\":50}],\"analysis\":{\"maxErrorRate\":0.05,"
          + "\"minRequests\":60,\"intervalSeconds\":2},\"soakSeconds\":5}}}";

  @TempDir Path folder;

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  @Test
  void onlyThoseWithACertificateAndAKeyAreAnswered() throws Exception {
    KeyStore own = certificate();
    Resource train = lab.apply("finetune.yaml", UnaryOperator.identity());
    Resource compress = lab.apply("compress.yaml", UnaryOperator.identity());
    Resource serve =
        lab.apply(
            "serve.yaml",
            manifest ->
                manifest
                    .name(NAME)
                    .spec("replicas", "1")
                    .spec("tls", "{secretName: guarded-tls, clientAuth: Required}")
                    .spec("apiKey", "{secretKeyRef: {name: guarded-keys, key: keys}}"));
    try {
      // Its artifact may be there from another test.
      compress.await("it is accepted", found -> "True".equals(found.state("Accepted")), RUN);
      serve.await(
          "it says which Secret is missing",
          status -> String.valueOf(status.message("Ready")).contains("guarded-tls"),
          RUN);
      create("guarded-tls", pems(own));
      create("guarded-keys", Map.of("keys", "another\n" + KEY + "\n"));
      Resource.Status status =
          serve.await("Ready is True", found -> "True".equals(found.state("Ready")), RUN);
      assertThat(status.<String>value("endpoint")).startsWith("https://guarded.");
      assertThat(status.<String>value("provider")).isEqualTo("CPUExecutionProvider");

      try (NodePorts ports = NodePorts.of(lab, NAME)) {
        assertGuarded(own, ports);
      }
      serve.patch(ROLLOUT);
      awaitRouters();
      try (NodePorts ports = NodePorts.of(lab, NAME);
          SteadyLoad load =
              new SteadyLoad(
                  ports.host(),
                  ports.rest(),
                  ports.grpc(),
                  NAME,
                  Optional.of(new SteadyLoad.Pass(keys(own), trust(own), KEY)))) {
        assertGuarded(own, ports);
        load.awaitAnswers(5);
        String digest =
            lab.writeVersion(compress.status().value("artifact", "uri"), "versions/" + NAME, 0);
        serve.patch(
            "{\"spec\":{\"model\":{\"from\":null,\"uri\":\"pvc://e2e/versions/%s\",\"digest\":\"%s\"}}}"
                .formatted(NAME, digest));
        serve.await(
            "the other version is the stable one",
            found -> digest.equals(found.resource().get("status", "rollout", "stable", "digest")),
            RUN);
        load.awaitAnswers(20);
        assertThat(load.failures()).isEmpty();
        assertGuarded(own, ports);
      }
    } finally {
      serve.delete();
      compress.delete();
      train.delete();
    }
  }

  private void assertGuarded(KeyStore own, NodePorts ports) throws Exception {
    URI model =
        URI.create("https://%s:%d/v2/models/%s".formatted(ports.host(), ports.rest(), NAME));
    assertThat(ask(own, own, model, KEY).statusCode()).isEqualTo(200);
    assertThat(ask(own, own, model, null).statusCode()).isEqualTo(401);
    assertThat(ask(own, own, model, "wrong").body()).contains("Authorization: Bearer KEY");
    assertThatThrownBy(() -> ask(null, own, model, KEY)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> ask(own, certificate(), model, KEY)).isInstanceOf(IOException.class);
  }

  /** The Service leads to the routers, and to nobody else. */
  private void awaitRouters() {
    lab.client()
        .services()
        .inNamespace(lab.namespace())
        .withName(NAME)
        .waitUntilCondition(
            service ->
                service != null
                    && "router".equals(service.getSpec().getSelector().get("hone.dev/role")),
            RUN.toSeconds(),
            TimeUnit.SECONDS);
  }

  /** A certificate for the node's address that is its own authority. */
  private KeyStore certificate() throws Exception {
    Path file = folder.resolve(System.nanoTime() + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-alias",
                "own",
                "-dname",
                "CN=guarded",
                "-ext",
                "san=ip:" + NodePorts.address(lab),
                "-validity",
                "2",
                "-keystore",
                file.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD)
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(said).isZero();
    return KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
  }

  private static Map<String, String> pems(KeyStore own) throws Exception {
    String certificate = pem("CERTIFICATE", own.getCertificate("own").getEncoded());
    byte[] key = Objects.requireNonNull(own.getKey("own", PASSWORD.toCharArray())).getEncoded();
    return Map.of(
        "tls.crt", certificate, "ca.crt", certificate, "tls.key", pem("PRIVATE KEY", key));
  }

  private static String pem(String what, byte[] content) {
    String lines =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(content);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, lines, what);
  }

  private void create(String name, Map<String, String> data) {
    Secret secret =
        new SecretBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace(lab.namespace())
            .endMetadata()
            .withStringData(data)
            .build();
    lab.client().resource(secret).create();
  }

  private static KeyManagerFactory keys(KeyStore shown) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(shown, PASSWORD.toCharArray());
    return keys;
  }

  private static TrustManagerFactory trust(KeyStore trusted) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    KeyStore authorities = KeyStore.getInstance("PKCS12");
    authorities.load(null, null);
    authorities.setCertificateEntry("ca", trusted.getCertificate("own"));
    trust.init(authorities);
    return trust;
  }

  private static HttpResponse<String> ask(
      @Nullable KeyStore shown, KeyStore trusted, URI address, @Nullable String key)
      throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        shown == null ? null : keys(shown).getKeyManagers(),
        trust(trusted).getTrustManagers(),
        null);
    try (HttpClient http = HttpClient.newBuilder().sslContext(context).build()) {
      HttpRequest.Builder request = HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(20));
      if (key != null) {
        request.header("Authorization", "Bearer " + key);
      }
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
