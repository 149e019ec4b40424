package dev.hone.server.router;

import dev.hone.server.config.TlsFiles;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** TLS with a certificate on both sides, by the files of a folder as a Secret is mounted. */
final class ControlTls {
  private ControlTls() {}

  /**
   * Makes a server ask each client for a certificate that the folder's authority has signed.
   *
   * @throws IllegalArgumentException with a sentence if a file cannot be read
   */
  static HttpServerOptions with(HttpServerOptions options, Path folder) {
    TlsFiles.unreadable(folder, List.of(TlsFiles.CERTIFICATE, TlsFiles.KEY, TlsFiles.AUTHORITY))
        .ifPresent(
            file -> {
              throw new IllegalArgumentException(
                  "HONE_ROUTER_TLS is %s, where %s cannot be read: name a folder with %s, %s and %s"
                      .formatted(
                          folder, file, TlsFiles.CERTIFICATE, TlsFiles.KEY, TlsFiles.AUTHORITY));
            });
    return options
        .setSsl(true)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setClientAuth(ClientAuth.REQUIRED)
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .setCertPath(folder.resolve(TlsFiles.CERTIFICATE).toString())
                .setKeyPath(folder.resolve(TlsFiles.KEY).toString()))
        .setTrustOptions(
            new PemTrustOptions().addCertPath(folder.resolve(TlsFiles.AUTHORITY).toString()));
  }
}
