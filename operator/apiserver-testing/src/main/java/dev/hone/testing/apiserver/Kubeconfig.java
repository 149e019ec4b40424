package dev.hone.testing.apiserver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The file by which a client finds an API server. */
final class Kubeconfig {

  private Kubeconfig() {}

  /** Writes it for a bearer token; gives the file. */
  static Path write(Path file, String address, Path caCertificate, String token)
      throws IOException {
    return Files.writeString(
        file,
        """
        apiVersion: v1
        kind: Config
        current-context: test
        contexts: [{name: test, context: {cluster: test, user: test}}]
        clusters: [{name: test, cluster: {server: "%s", certificate-authority: "%s"}}]
        users: [{name: test, user: {token: "%s"}}]
        """
            .formatted(address, caCertificate, token));
  }
}
