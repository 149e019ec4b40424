package dev.hone.operator.progress.auth;

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

/** Asks the API server whose token it is, which takes a right that only a ClusterRole gives. */
public final class TokenReviewer implements TokenVerifier {
  private static final String POD_NAME = "authentication.kubernetes.io/pod-name";
  private static final String POD_UID = "authentication.kubernetes.io/pod-uid";

  private final KubernetesClient client;
  private final String audience;

  /** Asks by the given client about tokens of the given audience. */
  public TokenReviewer(KubernetesClient client, String audience) {
    this.client = client;
    this.audience = audience;
  }

  @Override
  public PodIdentity verify(String token) throws ReportRefusedException {
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
      throw TokenRefusals.invalid(audience);
    }
    return pod(status.getUser());
  }

  private static PodIdentity pod(UserInfo user) throws ReportRefusedException {
    Map<String, List<String>> extra = Optional.ofNullable(user.getExtra()).orElse(Map.of());
    String name = first(extra.get(POD_NAME));
    String uid = first(extra.get(POD_UID));
    ServiceAccountName account = ServiceAccountName.parse(user.getUsername()).orElse(null);
    if (name == null || uid == null || account == null) {
      throw TokenRefusals.notOfAPod();
    }
    return new PodIdentity(account.namespace(), name, uid);
  }

  private static @Nullable String first(@Nullable List<String> values) {
    return values == null || values.isEmpty() ? null : values.getFirst();
  }
}
