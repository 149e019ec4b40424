package dev.hone.operator.progress;

/** The authority that signs the report endpoint's certificate. */
public interface CertificateAuthority {

  /** The authority's certificate in PEM, which every run gets as {@code ca.crt}. */
  String caCertificatePem();
}
