package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hone.server.access.ApiKeys;
import dev.hone.server.access.ClientNames;
import dev.hone.server.config.ClientAuth;
import dev.hone.server.grpc.wire.GRPCInferenceServiceGrpc.GRPCInferenceServiceBlockingStub;
import dev.hone.server.grpc.wire.ServerReadyRequest;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.testing.GrpcClient;
import dev.hone.server.testing.Models;
import dev.hone.server.testing.Pki;
import dev.hone.server.testing.Pki.Leaf;
import dev.hone.server.testing.ServerProcess;
import dev.hone.server.tracing.Tracing;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The router before the packaged server, with TLS from the client to the model. */
@Timeout(180)
class TlsRouteIT {
  private static final String KEY = "a key of the test";
  private static final String ROUTER = "spam-router.team.svc";

  /** So that a client of a test may ask a version itself; the router connects to an address. */
  private static final String VERSIONS = "localhost";

  private static final String TEXT = Client.textRequest("w60");

  @TempDir Path folder;

  /** The authority of clients and of what they are shown, and the operator's. */
  private final Pki clients = new Pki();

  private final Pki own = new Pki();

  TlsRouteIT() throws Exception {}

  private Leaf ofVersions() throws Exception {
    return own.leaf("CN=hone-version", VERSIONS, KeyPurposeId.id_kp_serverAuth);
  }

  private Leaf ofRouter(String name) throws Exception {
    return own.leaf(
        "CN=hone-router", name, KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth);
  }

  private Leaf friend() throws Exception {
    return clients.leaf("CN=friend", KeyPurposeId.id_kp_clientAuth);
  }

  private ServerProcess server(Path files) throws Exception {
    return ServerProcess.start(
        folder,
        Map.of(
            "HONE_MODEL_REPOSITORY",
            Models.REPOSITORY.toString(),
            "HONE_TLS",
            files.toString(),
            "HONE_TLS_CLIENT_AUTH",
            "Required",
            "HONE_TLS_CLIENT_NAME",
            ROUTER));
  }

  private Router router(ServerProcess server, Leaf leaf) throws Exception {
    URI rest = URI.create("https://127.0.0.1:" + server.address().getPort());
    Backend backend = new Backend(rest, URI.create("https://127.0.0.1:" + server.grpcPort()));
    byte[] routing = new Routing("r1", backend, null, null, 0, 0, 0, 5000, VERSIONS).document();
    Path shown = Files.createTempDirectory(folder, "shown");
    clients.write(shown, "CN=spam");
    return Router.start(
        AnyPorts.settings(
            Optional.of(Files.write(Files.createTempFile(folder, "routing", ".json"), routing)),
            Optional.of(own.write(Files.createTempDirectory(folder, "router"), leaf)),
            AnyPorts.MAX_BODY,
            AnyPorts.RETRY_MILLIS,
            new ClientAccess(
                Optional.of(shown),
                ClientAuth.REQUIRED,
                Optional.of(Files.writeString(folder.resolve("keys"), KEY)),
                1000)),
        Tracing.OFF);
  }

  private Client rest(Router router) throws Exception {
    return new Client(
        URI.create("https://localhost:" + router.httpPort()), clients.context(friend()));
  }

  private static Answer infer(Client client, String key) {
    return client.send(
        client
            .inferRequest("spam", HttpRequest.BodyPublishers.ofString(TEXT))
            .header("Authorization", "Bearer " + key));
  }

  private static GRPCInferenceServiceBlockingStub withKey(GrpcClient client) {
    Metadata key = new Metadata();
    key.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + KEY);
    return client.service().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(key));
  }

  private static void assertServes(Router router, GrpcClient calls, Client rest) {
    assertThat(infer(rest, KEY).data("label")).as("by %s", router).containsExactly("spam");
    assertThat(withKey(calls).modelInfer(GrpcClient.affine(1, 2, 3).build()).getModelName())
        .isEqualTo("affine");
  }

  private void assertServes(Router router) throws Exception {
    try (GrpcClient calls =
        new GrpcClient(router.grpcPort(), clients.keys(friend()), clients.trust())) {
      assertServes(router, calls, rest(router));
    }
  }

  @Test
  void nobodyGetsAroundTheRouter() throws Exception {
    Path files = folder.resolve("version");
    own.replace(files, ofVersions());
    try (Running running = new Running()) {
      ServerProcess server = running.add(server(files));
      server.awaitReady();
      Leaf leaf = ofRouter(ROUTER);
      Router router = running.add(router(server, leaf));

      Client client = rest(router);
      assertServes(router);
      assertThat(infer(client, "wrong").status()).isEqualTo(401);
      assertThat(client.get("/v2/health/ready").status()).isEqualTo(200);
      GrpcClient calls =
          running.add(new GrpcClient(router.grpcPort(), clients.keys(friend()), clients.trust()));
      assertThatThrownBy(() -> calls.service().modelInfer(GrpcClient.affine(1, 2, 3).build()))
          .hasMessage("UNAUTHENTICATED: " + ApiKeys.REFUSAL);
      assertThat(calls.service().serverReady(ServerReadyRequest.getDefaultInstance()).getReady())
          .isTrue();

      // Whoever asks the version itself.
      assertThatThrownBy(() -> infer(direct(server), KEY)).isInstanceOf(UncheckedIOException.class);
      assertThatThrownBy(() -> new Client(plain(server.address())).get("/v2"))
          .isInstanceOf(UncheckedIOException.class);
      Leaf other = ofRouter("other-router.team.svc");
      assertThat(infer(direct(server, other), KEY).error()).isEqualTo(ClientNames.REFUSAL);
      assertThat(infer(direct(server, leaf), "none").status()).isEqualTo(200);
      try (GrpcClient around = new GrpcClient(server.grpcPort(), own.keys(other), own.trust())) {
        assertThatThrownBy(() -> withKey(around).modelInfer(GrpcClient.affine(1, 2, 3).build()))
            .hasMessage("PERMISSION_DENIED: " + ClientNames.REFUSAL);
      }
      try (GrpcClient nobody = new GrpcClient(server.grpcPort(), own.keys(), own.trust())) {
        assertThatThrownBy(() -> withKey(nobody).modelInfer(GrpcClient.affine(1, 2, 3).build()))
            .isInstanceOf(StatusRuntimeException.class)
            .hasMessageStartingWith("UNAVAILABLE");
      }
    }
  }

  private Client direct(ServerProcess server, Leaf... leaves) throws Exception {
    return new Client(server.address(), own.context(leaves));
  }

  private static URI plain(URI address) {
    return URI.create("http://localhost:" + address.getPort());
  }

  @Test
  void noRequestFailsWhileCertificatesAreRenewed() throws Exception {
    Path files = folder.resolve("version");
    own.replace(files, ofVersions());
    try (Running running = new Running()) {
      ServerProcess server = running.add(server(files));
      server.awaitReady();
      Leaf older = ofRouter(ROUTER);
      Router router = running.add(router(server, older));
      Client rest = rest(router);
      GrpcClient calls =
          running.add(new GrpcClient(router.grpcPort(), clients.keys(friend()), clients.trust()));
      List<String> failures = new ArrayList<>();
      AtomicBoolean go = new AtomicBoolean(true);
      CompletableFuture<Integer> load =
          CompletableFuture.supplyAsync(
              () -> {
                int sent = 0;
                while (go.get()) {
                  try {
                    assertServes(router, calls, rest);
                  } catch (RuntimeException | AssertionError e) {
                    failures.add(e.toString());
                  }
                  sent++;
                }
                return sent;
              });

      // A router that has a newer certificate than the version.
      try (Router newer = router(server, ofRouter(ROUTER))) {
        assertServes(newer);
      }
      Leaf next = ofVersions();
      own.replace(files, next);
      server.await(() -> next.certificate().equals(shownBy(server, older)));
      // A router that has an older one, on connections that begin now, and one with a newer one.
      for (Leaf leaf : List.of(older, ofRouter(ROUTER))) {
        try (Router started = router(server, leaf)) {
          assertServes(started);
        }
      }
      go.set(false);
      assertThat(load.get(60, TimeUnit.SECONDS)).isGreaterThan(10);
      assertThat(failures).isEmpty();
    }
  }

  /** The certificate that a new connection to the server is shown. */
  private X509Certificate shownBy(ServerProcess server, Leaf leaf) {
    try {
      SSLContext context = own.context(leaf);
      try (SSLSocket socket =
          (SSLSocket)
              context.getSocketFactory().createSocket("localhost", server.address().getPort())) {
        socket.startHandshake();
        return (X509Certificate) socket.getSession().getPeerCertificates()[0];
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
