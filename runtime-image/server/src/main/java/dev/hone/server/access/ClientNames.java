package dev.hone.server.access;

import dev.hone.server.config.ServerConfig;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * The name that clients' certificates must be for, where an authority signs for others as well. The
 * handshake has verified the certificates.
 */
@ApplicationScoped
public class ClientNames {
  /** What a client of another name is told. */
  public static final String REFUSAL =
      "the client's certificate is not for the name that this server answers";

  /** What a DNS name is among the alternative names of a certificate (RFC 5280, 4.2.1.6). */
  private static final Integer DNS = 2;

  private final Optional<String> wanted;

  /** Knows the name of that setting. */
  public ClientNames(ServerConfig config) {
    this.wanted = config.tlsClientName();
  }

  /** Whether clients need a certificate for a name. */
  public boolean wanted() {
    return wanted.isPresent();
  }

  /** Whether who has this session, or has none, may be answered. */
  public boolean admits(@Nullable SSLSession session) {
    return wanted.isEmpty() || (session != null && isFor(wanted.get(), session));
  }

  private static boolean isFor(String name, SSLSession session) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      return chain.length > 0
          && chain[0] instanceof X509Certificate shown
          && isFor(name, shown.getSubjectAlternativeNames());
    } catch (SSLPeerUnverifiedException | CertificateParsingException e) {
      return false;
    }
  }

  private static boolean isFor(String name, @Nullable Collection<List<?>> alternatives) {
    return alternatives != null
        && alternatives.stream()
            .filter(entry -> DNS.equals(entry.get(0)))
            .anyMatch(entry -> entry.get(1) instanceof String text && name.equalsIgnoreCase(text));
  }
}
