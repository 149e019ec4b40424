package dev.hone.operator.inference;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** The control port of a router, as far as the operator can tell. */
public final class StandInRouter implements AutoCloseable {
  private static final char[] PASSWORD = "test".toCharArray();

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpsServer server;
  private final Set<Object> connections = ConcurrentHashMap.newKeySet();

  /** Takes a port; {@link #present} makes it answer there. */
  public StandInRouter() {
    try {
      server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
  }

  /** Its port on this machine. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** From how many ports it was asked. */
  int connections() {
    return connections.size();
  }

  /** Has what the operator sends to a path handled; others are refused. */
  public void handle(String path, HttpHandler handler) {
    server.createContext(
        path,
        exchange -> {
          connections.add(exchange.getRemoteAddress());
          if ("CN=hone-operator"
              .equals(((HttpsExchange) exchange).getSSLSession().getPeerPrincipal().getName())) {
            handler.handle(exchange);
          } else {
            answer(exchange, 403, "the client's certificate is not the operator's");
          }
        });
  }

  /** Answers, and ends the exchange. */
  public static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /** Starts with the files of a router's Secret. */
  public void present(Map<String, String> files) {
    try {
      server.setHttpsConfigurator(new BothSides(context(files)));
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError("a router cannot use its Secret", e);
    }
    server.start();
  }

  private static SSLContext context(Map<String, String> files)
      throws GeneralSecurityException, IOException {
    KeyStore own = KeyStore.getInstance("PKCS12");
    own.load(null, PASSWORD);
    own.setKeyEntry(
        "own",
        key(file(files, "tls.key")),
        PASSWORD,
        new Certificate[] {certificate(file(files, "tls.crt"))});
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(own, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, PASSWORD);
    trusted.setCertificateEntry("ca", certificate(file(files, "ca.crt")));
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private static String file(Map<String, String> files, String name) {
    return Objects.requireNonNull(files.get(name), name);
  }

  private static X509Certificate certificate(String pem)
      throws IOException, GeneralSecurityException {
    return new JcaX509CertificateConverter().getCertificate((X509CertificateHolder) parse(pem));
  }

  private static PrivateKey key(String pem) throws IOException {
    return new JcaPEMKeyConverter().getPrivateKey((PrivateKeyInfo) parse(pem));
  }

  private static Object parse(String pem) throws IOException {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      return parser.readObject();
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }

  /** Asks each client for a certificate. */
  private static final class BothSides extends HttpsConfigurator {
    BothSides(SSLContext context) {
      super(context);
    }

    @Override
    public void configure(HttpsParameters parameters) {
      SSLParameters wanted = getSSLContext().getDefaultSSLParameters();
      wanted.setNeedClientAuth(true);
      parameters.setSSLParameters(wanted);
    }
  }
}
