package dev.hone.server.grpc;

import dev.hone.server.config.ClientAuth;
import dev.hone.server.config.ServerConfig;
import dev.hone.server.config.TlsConfigSource;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** TLS of the gRPC port, by the files that the protocol's HTTP port has its own from. */
@ApplicationScoped
public class GrpcTls {
  private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

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
          ReplaceableSslContext replaceable = new ReplaceableSslContext(contextOf(files));
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

  private SslContext contextOf(TlsConfiguration files) {
    try {
      return new JdkSslContext(
          files.createSSLContext(),
          false,
          Http2SecurityUtil.CIPHERS,
          SupportedCipherSuiteFilter.INSTANCE,
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              ApplicationProtocolNames.HTTP_2),
          wantsCertificates
              ? io.netty.handler.ssl.ClientAuth.REQUIRE
              : io.netty.handler.ssl.ClientAuth.NONE,
          VERSIONS,
          false);
    } catch (Exception e) {
      throw new IllegalStateException("the files of HONE_TLS make no context for TLS", e);
    }
  }
}
