package dev.hone.operator.tls;

/** The authority that signs the report endpoint's certificates; pods are given its certificate. */
public interface CertificateAuthority {

  /**
   * The authority's certificate in PEM. The same on every replica and over the operator's whole
   * life.
   */
  String caCertificatePem();
}
