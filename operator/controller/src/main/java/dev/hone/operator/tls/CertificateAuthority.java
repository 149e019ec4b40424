package dev.hone.operator.tls;

/** The authority that signs the report endpoint's certificates; pods are given its certificate. */
public interface CertificateAuthority {

  /**
   * The authority's certificate in PEM. The same on every replica and over the operator's whole
   * life.
   */
  String caCertificatePem();

  /**
   * A secret for a purpose, that nobody can make without the authority's key. The same on every
   * replica and over the operator's whole life, so that it need not be kept.
   */
  String secretFor(String purpose);
}
