package dev.hone.operator.progress.auth;

import dev.hone.operator.progress.Refusal;
import dev.hone.operator.progress.ReportRefusedException;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Asks the API server whose token it is. */
final class TokenReviewer {
  private static final String SERVICE_ACCOUNT = "system:serviceaccount:";
  private static final String POD_NAME = "authentication.kubernetes.io/pod-name";
  private static final String POD_UID = "authentication.kubernetes.io/pod-uid";

  private final KubernetesClient client;
  private final String audience;

  TokenReviewer(KubernetesClient client, String audience) {
    this.client = client;
    this.audience = audience;
  }

  PodIdentity review(String token) throws ReportRefusedException {
    TokenReview review =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(audience)
            .endSpec()
            .build();
    TokenReviewStatus status = client.tokenReviews().create(review).getStatus();
    if (status == null
        || !Boolean.TRUE.equals(status.getAuthenticated())
        || !status.getAudiences().contains(audience)) {
      throw new ReportRefusedException(
          Refusal.TOKEN_INVALID,
          "The token is not valid; send the pod's projected token with audience %s, read again before each report."
              .formatted(audience));
    }
    return pod(status.getUser());
  }

  private static PodIdentity pod(UserInfo user) throws ReportRefusedException {
    Map<String, List<String>> extra = Optional.ofNullable(user.getExtra()).orElse(Map.of());
    String name = first(extra.get(POD_NAME));
    String uid = first(extra.get(POD_UID));
    String username = Optional.ofNullable(user.getUsername()).orElse("");
    if (name == null || uid == null || !username.startsWith(SERVICE_ACCOUNT)) {
      throw new ReportRefusedException(
          Refusal.TOKEN_INVALID,
          "The token is not bound to a pod; send the token that is projected into the pod.");
    }
    String namespace = username.substring(SERVICE_ACCOUNT.length()).split(":", 2)[0];
    return new PodIdentity(namespace, name, uid);
  }

  private static @Nullable String first(@Nullable List<String> values) {
    return values == null || values.isEmpty() ? null : values.getFirst();
  }
}
