package dev.hone.server.testing;

import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
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

/** An authority, and what it signs: a server's certificate and those of its clients. */
public final class Pki {
  private static final char[] PASSWORD = "test".toCharArray();
  private static final Duration DAY = Duration.ofDays(1);

  private final KeyPair authorityKey;
  private final X509Certificate authority;

  /** A new authority. */
  public Pki() throws Exception {
    authorityKey = keyPair();
    X500Name name = new X500Name("CN=test-ca");
    var builder = builder(name, name, authorityKey);
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
    authority = sign(builder);
  }

  /** A certificate and its key. */
  public record Leaf(X509Certificate certificate, KeyPair pair) {}

  /** What it signs for localhost, for a server or a client. */
  public Leaf leaf(String subject, KeyPurposeId purpose) throws Exception {
    return leaf(subject, "localhost", purpose);
  }

  /** What it signs for a name, for servers, clients or both. */
  public Leaf leaf(String subject, String name, KeyPurposeId... purposes) throws Exception {
    KeyPair pair = keyPair();
    var builder = builder(new X500Name("CN=test-ca"), new X500Name(subject), pair);
    builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.dNSName, name)));
    return new Leaf(sign(builder), pair);
  }

  /** Writes a server's files, as a Secret holds them. */
  public Path write(Path folder, String subject) throws Exception {
    return write(folder, leaf(subject, KeyPurposeId.id_kp_serverAuth));
  }

  /** Writes the files of what was signed, as a Secret holds them. */
  public Path write(Path folder, Leaf leaf) throws Exception {
    Files.writeString(folder.resolve("tls.crt"), pem(leaf.certificate()));
    Files.writeString(
        folder.resolve("tls.key"), pem(new JcaPKCS8Generator(leaf.pair().getPrivate(), null)));
    Files.writeString(folder.resolve("ca.crt"), pem(authority));
    return folder;
  }

  /**
   * Writes the files of what was signed in the place of others, in one step as the kubelet does.
   */
  public void replace(Path link, Leaf leaf) throws Exception {
    Path files = write(Files.createTempDirectory(link.getParent(), "files"), leaf);
    Path next = files.resolveSibling(files.getFileName() + ".link");
    Files.createSymbolicLink(next, files);
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
  }

  /** What a client shows. */
  public KeyManagerFactory keys(Leaf... leaves) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, PASSWORD);
    for (Leaf leaf : leaves) {
      keys.setKeyEntry(
          "own", leaf.pair().getPrivate(), PASSWORD, new Certificate[] {leaf.certificate()});
    }
    KeyManagerFactory own = KeyManagerFactory.getInstance("PKIX");
    own.init(keys, PASSWORD);
    return own;
  }

  /** What a client trusts. */
  public TrustManagerFactory trust() throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, PASSWORD);
    trusted.setCertificateEntry("ca", authority);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    return trust;
  }

  /** Both of them. */
  public SSLContext context(Leaf... leaves) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys(leaves).getKeyManagers(), trust().getTrustManagers(), null);
    return context;
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
