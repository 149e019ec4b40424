package dev.hone.server.router;

import dev.hone.server.access.ReplaceableSslContext;
import dev.hone.server.config.ClientAuth;
import dev.hone.server.config.TlsFiles;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.spi.tls.SslContextFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * TLS of the ports for clients, by the files of a folder, which are looked at again as long as the
 * router runs: a Secret that is mounted changes in place. Connections that are open stay as they
 * are.
 */
final class ClientTls {
  private static final Logger LOG = Logger.getLogger(ClientTls.class);

  private final Vertx vertx;
  private final Path folder;
  private final boolean wantsCertificates;
  private final ReplaceableSslContext rest;
  private final ReplaceableSslContext grpc;

  /** What connections begin with; one look at a time changes it. */
  private volatile Content current;

  /**
   * Reads the files.
   *
   * @throws IllegalArgumentException with a sentence if they are no good
   */
  ClientTls(Vertx vertx, Path folder, ClientAuth clientAuth) {
    this.vertx = vertx;
    this.folder = folder;
    this.wantsCertificates = clientAuth == ClientAuth.REQUIRED;
    SSLContext first;
    try {
      this.current = read();
      first = context(current);
    } catch (Exception e) {
      throw new IllegalArgumentException(
          "HONE_TLS is %s, whose files are no good: %s".formatted(folder, e), e);
    }
    this.rest =
        new ReplaceableSslContext(ApplicationProtocolNames.HTTP_1_1, wantsCertificates, first);
    this.grpc =
        new ReplaceableSslContext(ApplicationProtocolNames.HTTP_2, wantsCertificates, first);
  }

  /** What the files hold. */
  private record Content(Buffer certificate, Buffer key, Optional<Buffer> authority) {
    PemKeyCertOptions own() {
      return new PemKeyCertOptions().addCertValue(certificate).addKeyValue(key);
    }

    Optional<PemTrustOptions> trusted() {
      return authority.map(signer -> new PemTrustOptions().addCertValue(signer));
    }
  }

  /**
   * Makes a server speak TLS, and that version of HTTP alone: gRPC needs the second, and an answer
   * of the first can say that its connection closes.
   */
  HttpServerOptions on(HttpServerOptions options, HttpVersion version) {
    current.trusted().ifPresent(options::setTrustOptions);
    return options
        .setSsl(true)
        .setUseAlpn(true)
        .setAlpnVersions(List.of(version))
        .setKeyCertOptions(current.own())
        .setClientAuth(
            wantsCertificates
                ? io.vertx.core.http.ClientAuth.REQUIRED
                : io.vertx.core.http.ClientAuth.NONE)
        .setSslEngineOptions(new Engines(version == HttpVersion.HTTP_2 ? grpc : rest));
  }

  /**
   * The framework's own way to replace certificates drops the connections that begin meanwhile, and
   * all of them for good if the files are no good.
   */
  private static final class Engines extends JdkSSLEngineOptions {
    private final SslContext context;

    Engines(SslContext context) {
      this.context = context;
    }

    @Override
    public JdkSSLEngineOptions copy() {
      return new Engines(context);
    }

    @Override
    public SslContextFactory sslContextFactory() {
      return () -> context;
    }
  }

  /** Looks at the files again and again, and has connections begin with what is new in them. */
  void follow(long lookMillis) {
    vertx.setPeriodic(lookMillis, timer -> vertx.executeBlocking(this::look));
  }

  private @Nullable Void look() {
    try {
      Content found = read();
      // What was read in the middle of a change is looked at again.
      if (!found.equals(current) && found.equals(read())) {
        SSLContext next = context(found);
        rest.replace(next);
        grpc.replace(next);
        current = found;
        LOG.infof("connections of clients begin with the new files in %s", folder);
      }
    } catch (Exception e) {
      LOG.warnf("HONE_TLS stays as it was, its files are no good: %s", e);
    }
    return null;
  }

  private SSLContext context(Content content) throws Exception {
    Optional<PemTrustOptions> trusted = content.trusted();
    TrustManager @Nullable [] trust =
        trusted.isPresent() ? trusted.get().getTrustManagerFactory(vertx).getTrustManagers() : null;
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(content.own().getKeyManagerFactory(vertx).getKeyManagers(), trust, null);
    return context;
  }

  private Content read() throws IOException {
    return new Content(
        file(TlsFiles.CERTIFICATE),
        file(TlsFiles.KEY),
        wantsCertificates ? Optional.of(file(TlsFiles.AUTHORITY)) : Optional.empty());
  }

  private Buffer file(String name) throws IOException {
    return Buffer.buffer(Files.readAllBytes(folder.resolve(name)));
  }
}
