package dev.hone.server.router;

import dev.hone.server.config.TlsFiles;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.TCPSSLOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * TLS with a certificate on both sides, by which the operator, a router and the versions behind it
 * know each other; by the files of a folder as a Secret is mounted.
 */
final class OwnTls {
  private OwnTls() {}

  /**
   * Makes a server ask each client for a certificate that the folder's authority has signed.
   *
   * @throws IllegalArgumentException with a sentence if a file cannot be read
   */
  static HttpServerOptions with(HttpServerOptions options, Path folder) {
    put(options, folder);
    return options.setSsl(true).setClientAuth(ClientAuth.REQUIRED);
  }

  /**
   * Makes a client show the folder's certificate, and take those alone that its authority has
   * signed, wherever a request asks for TLS.
   *
   * @throws IllegalArgumentException with a sentence if a file cannot be read
   */
  static HttpClientOptions with(HttpClientOptions options, Path folder) {
    put(options, folder);
    return options;
  }

  private static void put(TCPSSLOptions options, Path folder) {
    TlsFiles.unreadable(folder, List.of(TlsFiles.CERTIFICATE, TlsFiles.KEY, TlsFiles.AUTHORITY))
        .ifPresent(
            file -> {
              throw new IllegalArgumentException(
                  "HONE_ROUTER_TLS is %s, where %s cannot be read: name a folder with %s, %s and %s"
                      .formatted(
                          folder, file, TlsFiles.CERTIFICATE, TlsFiles.KEY, TlsFiles.AUTHORITY));
            });
    options
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .setCertPath(folder.resolve(TlsFiles.CERTIFICATE).toString())
                .setKeyPath(folder.resolve(TlsFiles.KEY).toString()))
        .setTrustOptions(
            new PemTrustOptions().addCertPath(folder.resolve(TlsFiles.AUTHORITY).toString()));
  }
}
