package dev.hone.server.grpc;

import dev.hone.server.access.ReplaceableSslContext;
import dev.hone.server.config.ClientAuth;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.config.TlsConfigSource;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** TLS of the gRPC port, by the files that the protocol's HTTP port has its own from. */
@ApplicationScoped
public class GrpcTls {
  private final Optional<TlsConfiguration> configuration;
  private final boolean wantsCertificates;
  private volatile @Nullable ReplaceableSslContext context;

  /** Goes by what the framework knows of TLS. */
  public GrpcTls(TlsConfigurationRegistry registry, ServerConfig config) {
    this.configuration = config.tls().flatMap(folder -> registry.get(TlsConfigSource.NAME));
    this.wantsCertificates = config.tlsClientAuth() == ClientAuth.REQUIRED;
  }

  /** What connections begin with; empty if the port speaks plain HTTP/2. */
  Optional<SslContext> context() {
    return configuration.map(
        files -> {
          ReplaceableSslContext replaceable =
              new ReplaceableSslContext(
                  ApplicationProtocolNames.HTTP_2, wantsCertificates, contextOf(files));
          context = replaceable;
          return replaceable;
        });
  }

  /** The files have changed: connections from now on begin with what is in them. */
  void replace(@Observes CertificateUpdatedEvent event) {
    ReplaceableSslContext replaceable = context;
    if (replaceable != null && TlsConfigSource.NAME.equals(event.name())) {
      replaceable.replace(contextOf(event.tlsConfiguration()));
    }
  }

  private static SSLContext contextOf(TlsConfiguration files) {
    try {
      return files.createSSLContext();
    } catch (Exception e) {
      throw new IllegalStateException("the files of HONE_TLS make no context for TLS", e);
    }
  }
}
