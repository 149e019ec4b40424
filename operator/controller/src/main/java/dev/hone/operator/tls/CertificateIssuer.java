package dev.hone.operator.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Makes keys and certificates; knows nothing of where they are kept. */
final class CertificateIssuer {
  static final String KEY_ALGORITHM = "EC";
  private static final String CURVE = "secp256r1";
  private static final String SIGNATURE = "SHA256withECDSA";
  private static final int SERIAL_BITS = 127;

  /** The CA outlives every pod that trusts it; nothing but a person replaces it. */
  static final Duration CA_VALIDITY = Duration.ofDays(3650);

  /** Nodes whose clocks are a little behind must still accept a certificate that is brand new. */
  static final Duration BACKDATED = Duration.ofMinutes(10);

  private final Clock clock;
  private final SecureRandom random = new SecureRandom();

  CertificateIssuer(Clock clock) {
    this.clock = clock;
  }

  KeyPairAndCertificate authority(String commonName) {
    try {
      KeyPair pair = keyPair();
      X500Name name = new X500Name("CN=" + commonName);
      X509v3CertificateBuilder builder = builder(name, name, pair.getPublic(), CA_VALIDITY);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      var ids = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(pair.getPublic()));
      return new KeyPairAndCertificate(sign(builder, pair.getPrivate()), pair.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("cannot make a certificate authority", e);
    }
  }

  /** A certificate for who is called by one of these names. */
  KeyPairAndCertificate server(
      KeyPairAndCertificate ca,
      String commonName,
      Collection<SubjectName> names,
      Duration validity) {
    GeneralName[] alternatives =
        names.stream().map(CertificateIssuer::general).toArray(GeneralName[]::new);
    return leaf(
        ca,
        commonName,
        List.of(KeyPurposeId.id_kp_serverAuth),
        Optional.of(new GeneralNames(alternatives)),
        validity);
  }

  /** A certificate for who is called by a name and calls others by it. */
  KeyPairAndCertificate peer(
      KeyPairAndCertificate ca, String commonName, SubjectName name, Duration validity) {
    return leaf(
        ca,
        commonName,
        List.of(KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth),
        Optional.of(new GeneralNames(general(name))),
        validity);
  }

  /** A certificate for who calls. */
  KeyPairAndCertificate client(KeyPairAndCertificate ca, String commonName, Duration validity) {
    return leaf(ca, commonName, List.of(KeyPurposeId.id_kp_clientAuth), Optional.empty(), validity);
  }

  private KeyPairAndCertificate leaf(
      KeyPairAndCertificate ca,
      String commonName,
      List<KeyPurposeId> purposes,
      Optional<GeneralNames> names,
      Duration validity) {
    try {
      KeyPair pair = keyPair();
      X500Name issuer =
          X500Name.getInstance(ca.certificate().getSubjectX500Principal().getEncoded());
      X500Name subject = new X500Name("CN=" + commonName);
      X509v3CertificateBuilder builder = builder(issuer, subject, pair.getPublic(), validity);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(purposes.toArray(KeyPurposeId[]::new)));
      if (names.isPresent()) {
        builder.addExtension(Extension.subjectAlternativeName, false, names.get());
      }
      var ids = new JcaX509ExtensionUtils();
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          ids.createAuthorityKeyIdentifier(ca.certificate()));
      builder.addExtension(
          Extension.subjectKeyIdentifier, false, ids.createSubjectKeyIdentifier(pair.getPublic()));
      return new KeyPairAndCertificate(sign(builder, ca.key()), pair.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("cannot issue a certificate", e);
    }
  }

  private static GeneralName general(SubjectName name) {
    return new GeneralName(
        name.isAddress() ? GeneralName.iPAddress : GeneralName.dNSName, name.value());
  }

  private KeyPair keyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(KEY_ALGORITHM);
    generator.initialize(new ECGenParameterSpec(CURVE), random);
    return generator.generateKeyPair();
  }

  private X509v3CertificateBuilder builder(
      X500Name issuer, X500Name subject, PublicKey key, Duration validity) {
    Instant now = clock.instant();
    return new JcaX509v3CertificateBuilder(
        issuer,
        new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE),
        Date.from(now.minus(BACKDATED)),
        Date.from(now.plus(validity)),
        subject,
        key);
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws OperatorCreationException, GeneralSecurityException {
    var signer = new JcaContentSignerBuilder(SIGNATURE).build(key);
    return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
  }
}
