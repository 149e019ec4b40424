package dev.hone.server.config;

/** Whether clients show a certificate of their own. */
public enum ClientAuth {
  /** They need none. */
  NONE,
  /** One that the authority in ca.crt has signed. */
  REQUIRED
}
