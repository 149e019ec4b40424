package dev.hone.operator.progress.auth;

import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;

/** What is said about bad tokens, whoever found them bad. */
final class TokenRefusals {
  private TokenRefusals() {}

  static ReportRefusedException invalid(String audience) {
    return new ReportRefusedException(
        Refusal.TOKEN_INVALID,
        "The token is not valid; send the pod's projected token with audience %s, read again before each report."
            .formatted(audience));
  }

  static ReportRefusedException notOfAPod() {
    return new ReportRefusedException(
        Refusal.TOKEN_INVALID,
        "The token is not bound to a pod; send the token that is projected into the pod.");
  }
}
