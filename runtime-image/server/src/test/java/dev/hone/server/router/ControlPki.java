package dev.hone.server.router;

import dev.hone.server.testing.Client;
import dev.hone.server.testing.Pki;
import java.net.URI;
import java.nio.file.Path;
import org.bouncycastle.asn1.x509.KeyPurposeId;

/** An authority of routers and of the operator that configures them. */
final class ControlPki {
  private final Pki pki;

  ControlPki() throws Exception {
    pki = new Pki();
  }

  Pki.Leaf leaf(String subject, KeyPurposeId purpose) throws Exception {
    return pki.leaf(subject, purpose);
  }

  /** Writes a router's files, as the Secret holds them. */
  Path write(Path folder) throws Exception {
    return pki.write(folder, "CN=hone-router");
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
  Client client(int port, Pki.Leaf... leaves) throws Exception {
    return new Client(URI.create("https://localhost:" + port), pki.context(leaves));
  }
}
