package dev.hone.operator.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;

/** Certificates and keys as the text that Secrets hold. */
final class Pem {
  private static final String CERTIFICATE = "CERTIFICATE";
  private static final String PRIVATE_KEY = "PRIVATE KEY";

  private Pem() {}

  static String write(X509Certificate certificate) {
    try {
      return block(CERTIFICATE, certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was just made has no encoding", e);
    }
  }

  static String write(PrivateKey key) {
    return block(PRIVATE_KEY, key.getEncoded());
  }

  static KeyPairAndCertificate read(String certificate, String key)
      throws GeneralSecurityException {
    return new KeyPairAndCertificate(readCertificate(certificate), readKey(key));
  }

  private static X509Certificate readCertificate(String pem) throws GeneralSecurityException {
    var bytes = new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII));
    return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(bytes);
  }

  private static PrivateKey readKey(String pem) throws GeneralSecurityException {
    String base64 =
        pem.replace("-----BEGIN " + PRIVATE_KEY + "-----", "")
            .replace("-----END " + PRIVATE_KEY + "-----", "");
    try {
      var spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(base64));
      return KeyFactory.getInstance(CertificateIssuer.KEY_ALGORITHM).generatePrivate(spec);
    } catch (IllegalArgumentException e) {
      throw new GeneralSecurityException("the key is no PEM block of type PRIVATE KEY", e);
    }
  }

  private static String block(String type, byte[] content) {
    var encoder = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(type, encoder.encodeToString(content), type);
  }
}
