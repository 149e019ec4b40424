package dev.hone.server.router;

import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** TLS with a certificate on both sides, by the files of a folder as a Secret is mounted. */
final class ControlTls {
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String AUTHORITY = "ca.crt";

  private ControlTls() {}

  /**
   * Makes a server ask each client for a certificate that the folder's authority has signed.
   *
   * @throws IllegalArgumentException with a sentence if a file cannot be read
   */
  static HttpServerOptions with(HttpServerOptions options, Path folder) {
    Stream.of(CERTIFICATE, KEY, AUTHORITY)
        .filter(file -> !Files.isReadable(folder.resolve(file)))
        .findFirst()
        .ifPresent(
            file -> {
              throw new IllegalArgumentException(
                  "HONE_ROUTER_TLS is %s, where %s cannot be read: name a folder with %s, %s and %s"
                      .formatted(folder, file, CERTIFICATE, KEY, AUTHORITY));
            });
    return options
        .setSsl(true)
        .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
        .setClientAuth(ClientAuth.REQUIRED)
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .setCertPath(folder.resolve(CERTIFICATE).toString())
                .setKeyPath(folder.resolve(KEY).toString()))
        .setTrustOptions(new PemTrustOptions().addCertPath(folder.resolve(AUTHORITY).toString()));
  }
}
