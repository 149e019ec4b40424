package dev.hone.testing.apiserver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The two processes behind an {@link ApiServer}, with a folder of their own for everything that
 * they write.
 */
final class ControlPlane implements AutoCloseable {

  private static final Duration STARTUP = Duration.ofMinutes(2);
  private static final int ATTEMPTS = 3;

  private final Path directory;
  private final Path binaries;
  private final String adminToken;
  private final int port;
  private final GuardedProcess etcd;
  private final GuardedProcess apiServer;

  private ControlPlane(
      Path directory,
      Path binaries,
      String adminToken,
      int port,
      GuardedProcess etcd,
      GuardedProcess apiServer) {
    this.directory = directory;
    this.binaries = binaries;
    this.adminToken = adminToken;
    this.port = port;
    this.etcd = etcd;
    this.apiServer = apiServer;
  }

  static ControlPlane start(Path binaries) {
    // A free port may be taken by somebody else before the program gets it.
    for (int attempt = 1; ; attempt++) {
      try {
        return startOnce(binaries);
      } catch (IllegalStateException e) {
        if (attempt == ATTEMPTS) {
          throw e;
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static ControlPlane startOnce(Path binaries) throws IOException {
    Path directory = Files.createTempDirectory("hone-apiserver-");
    int etcdPort = FreePort.next();
    int peerPort = FreePort.next();
    int port = FreePort.next();
    byte[] random = new byte[16];
    new Random().nextBytes(random);
    String token = HexFormat.of().formatHex(random);
    GuardedProcess etcd =
        GuardedProcess.start(
            directory, binaries.resolve("etcd"), etcd(directory, etcdPort, peerPort));
    GuardedProcess apiServer =
        GuardedProcess.start(
            directory,
            binaries.resolve("kube-apiserver"),
            apiServer(directory, etcdPort, port, token));
    ControlPlane plane = new ControlPlane(directory, binaries, token, port, etcd, apiServer);
    try {
      plane.awaitReady();
      Kubeconfig.write(plane.kubeconfig(), plane.url(), plane.caCertificate(), token);
    } catch (IllegalStateException | IOException e) {
      plane.close();
      throw e;
    }
    return plane;
  }

  private static List<String> etcd(Path directory, int port, int peerPort) {
    String client = "http://127.0.0.1:" + port;
    String peer = "http://127.0.0.1:" + peerPort;
    return List.of(
        "--data-dir=" + directory.resolve("etcd"),
        "--listen-client-urls=" + client,
        "--advertise-client-urls=" + client,
        "--listen-peer-urls=" + peer,
        "--initial-advertise-peer-urls=" + peer,
        "--initial-cluster=default=" + peer,
        "--unsafe-no-fsync",
        "--log-level=warn");
  }

  private static List<String> apiServer(Path directory, int etcdPort, int port, String token)
      throws IOException {
    SigningKey key = SigningKey.create(directory);
    Path tokens =
        Files.writeString(
            directory.resolve("tokens.csv"), token + ",admin,admin,\"system:masters\"\n");
    return List.of(
        "--etcd-servers=http://127.0.0.1:" + etcdPort,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        "--secure-port=" + port,
        "--cert-dir=" + directory.resolve("certificates"),
        "--authorization-mode=Node,RBAC",
        "--token-auth-file=" + tokens,
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-account-key-file=" + key.publicKey(),
        "--service-account-signing-key-file=" + key.privateKey(),
        "--service-cluster-ip-range=10.96.0.0/16",
        "--allow-privileged=true");
  }

  private void awaitReady() throws IOException {
    Instant deadline = Instant.now().plus(STARTUP);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url() + "/readyz"))
            .header("Authorization", "Bearer " + adminToken)
            .timeout(Duration.ofSeconds(5))
            .build();
    String last = "no certificate yet";
    while (Instant.now().isBefore(deadline)) {
      etcd.requireAlive();
      apiServer.requireAlive();
      try {
        if (Files.exists(caCertificate())) {
          try (HttpClient client =
              HttpClient.newBuilder().sslContext(trust(caCertificate())).build()) {
            HttpResponse<String> response =
                client.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == 200) {
              return;
            }
            last = response.statusCode() + " " + response.body();
          }
        }
        Thread.sleep(100);
      } catch (IOException | GeneralSecurityException e) {
        last = String.valueOf(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the API server started", e);
      }
    }
    throw new IllegalStateException(
        "the API server is not ready: " + last + "\n" + apiServer.lastLines());
  }

  private static SSLContext trust(Path certificate) throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (var in = Files.newInputStream(certificate)) {
      int number = 0;
      for (var each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        store.setCertificateEntry("apiserver-" + number++, each);
      }
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  String url() {
    return "https://127.0.0.1:" + port;
  }

  Path caCertificate() {
    return directory.resolve("certificates/apiserver.crt");
  }

  Path kubeconfig() {
    return directory.resolve("kubeconfig");
  }

  Path binaries() {
    return binaries;
  }

  String adminToken() {
    return adminToken;
  }

  @Override
  public void close() {
    apiServer.close();
    etcd.close();
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
