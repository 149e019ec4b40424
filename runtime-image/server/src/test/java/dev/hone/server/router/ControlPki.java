package dev.hone.server.router;

import dev.hone.server.testing.Client;
import java.io.StringWriter;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An authority, and what it signs: a router's certificate and those of its clients. */
final class ControlPki {
  private static final char[] PASSWORD = "test".toCharArray();
  private static final Duration DAY = Duration.ofDays(1);

  private final KeyPair authorityKey;
  private final X509Certificate authority;

  ControlPki() throws Exception {
    authorityKey = keyPair();
    X500Name name = new X500Name("CN=test-ca");
    var builder = builder(name, name, authorityKey);
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
    authority = sign(builder);
  }

  /** A certificate and its key. */
  record Leaf(X509Certificate certificate, KeyPair pair) {}

  Leaf leaf(String subject, KeyPurposeId purpose) throws Exception {
    KeyPair pair = keyPair();
    var builder = builder(new X500Name("CN=test-ca"), new X500Name(subject), pair);
    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.dNSName, "localhost")));
    return new Leaf(sign(builder), pair);
  }

  /** Writes a router's files, as the Secret holds them. */
  Path write(Path folder) throws Exception {
    Leaf leaf = leaf("CN=hone-router", KeyPurposeId.id_kp_serverAuth);
    Files.writeString(folder.resolve("tls.crt"), pem(leaf.certificate()));
    Files.writeString(
        folder.resolve("tls.key"), pem(new JcaPKCS8Generator(leaf.pair().getPrivate(), null)));
    Files.writeString(folder.resolve("ca.crt"), pem(authority));
    return folder;
  }

  /** What the operator talks to a router with. */
  Client operator(Router router) throws Exception {
    return operator(router.controlPort().orElseThrow());
  }

  /** What the operator talks to the router at that port with. */
  Client operator(int port) throws Exception {
    return client(port, leaf("CN=hone-operator", KeyPurposeId.id_kp_clientAuth));
  }

  /** A client that trusts the authority, with these certificates of its own. */
  Client client(int port, Leaf... leaves) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, PASSWORD);
    for (Leaf leaf : leaves) {
      keys.setKeyEntry(
          "own", leaf.pair().getPrivate(), PASSWORD, new Certificate[] {leaf.certificate()});
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, PASSWORD);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, PASSWORD);
    trusted.setCertificateEntry("ca", authority);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return new Client(URI.create("https://localhost:" + port), context);
  }

  private static KeyPair keyPair() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static JcaX509v3CertificateBuilder builder(X500Name issuer, X500Name name, KeyPair key) {
    Instant now = Instant.now();
    return new JcaX509v3CertificateBuilder(
        issuer,
        BigInteger.valueOf(now.toEpochMilli()),
        Date.from(now.minus(DAY)),
        Date.from(now.plus(DAY)),
        name,
        key.getPublic());
  }

  private X509Certificate sign(JcaX509v3CertificateBuilder builder) throws Exception {
    var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(authorityKey.getPrivate());
    return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
  }

  private static String pem(Object content) throws Exception {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(content);
    }
    return text.toString();
  }
}
