package dev.hone.server.access;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/**
 * A port's context of TLS in whose place another can be put; connections that are open stay, and
 * there is no moment at which none can begin.
 */
public final class ReplaceableSslContext extends SslContext {
  private static final String[] VERSIONS = {"TLSv1.3", "TLSv1.2"};

  private final String protocol;
  private final boolean wantsCertificates;
  private volatile SslContext current;

  /**
   * Begins with a first one.
   *
   * @param protocol what the port speaks, as ALPN names it
   * @param wantsCertificates whether clients show a certificate
   */
  public ReplaceableSslContext(String protocol, boolean wantsCertificates, SSLContext first) {
    this.protocol = protocol;
    this.wantsCertificates = wantsCertificates;
    this.current = context(first);
  }

  /** Has connections from now on begin with another. */
  public void replace(SSLContext next) {
    current = context(next);
  }

  private SslContext context(SSLContext files) {
    return new JdkSslContext(
        files,
        false,
        ApplicationProtocolNames.HTTP_2.equals(protocol) ? Http2SecurityUtil.CIPHERS : null,
        SupportedCipherSuiteFilter.INSTANCE,
        new ApplicationProtocolConfig(
            ApplicationProtocolConfig.Protocol.ALPN,
            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
            protocol),
        wantsCertificates ? ClientAuth.REQUIRE : ClientAuth.NONE,
        VERSIONS,
        false);
  }

  @Override
  public boolean isClient() {
    return false;
  }

  @Override
  public List<String> cipherSuites() {
    return current.cipherSuites();
  }

  @Override
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return current.applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return current.newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return current.newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return current.sessionContext();
  }
}
