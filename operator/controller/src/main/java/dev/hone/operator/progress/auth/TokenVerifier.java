package dev.hone.operator.progress.auth;

import dev.hone.operator.progress.ReportRefusedException;

/** Finds out which pod a token was made for, and whether it is good at all. */
public interface TokenVerifier {

  /**
   * The pod that the token is bound to.
   *
   * @throws ReportRefusedException if the token is forged, expired, for another audience or bound
   *     to no pod
   * @throws io.fabric8.kubernetes.client.KubernetesClientException if the API server, which has to
   *     be asked, does not answer
   */
  PodIdentity verify(String token) throws ReportRefusedException;
}
