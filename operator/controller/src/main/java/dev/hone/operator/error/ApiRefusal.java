package dev.hone.operator.error;

import dev.hone.api.Reason;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusCause;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.List;
import java.util.Optional;

/**
 * What the API server has against an object.
 *
 * @param kind what is to be done about it
 * @param message the server's own words
 */
public record ApiRefusal(Kind kind, String message) {

  /** What is to be done about a refusal. */
  public enum Kind {
    /** The object is wrong: only another spec helps. */
    INVALID,
    /** It may not be made now: a quota, a policy, a missing right. */
    FORBIDDEN,
    /** The namespace is going away, and with it everything in it. */
    TERMINATING
  }

  private static final int BAD_REQUEST = 400;
  private static final int FORBIDDEN_CODE = 403;
  private static final int UNPROCESSABLE = 422;

  /** The refusal behind an error; empty for an error that may be gone at the next try. */
  public static Optional<ApiRefusal> of(KubernetesClientException error) {
    Status status = error.getStatus();
    String message =
        status == null || status.getMessage() == null
            ? String.valueOf(error.getMessage())
            : status.getMessage();
    return switch (error.getCode()) {
      case BAD_REQUEST, UNPROCESSABLE -> Optional.of(new ApiRefusal(Kind.INVALID, message));
      case FORBIDDEN_CODE ->
          Optional.of(
              new ApiRefusal(isTerminating(status) ? Kind.TERMINATING : Kind.FORBIDDEN, message));
      default -> Optional.empty();
    };
  }

  /**
   * The reason that a status gives; empty if the namespace goes away and nothing is left to say.
   */
  public Optional<Reason> reason() {
    return switch (kind) {
      case INVALID -> Optional.of(Reason.INVALID);
      case FORBIDDEN -> Optional.of(Reason.PENDING);
      case TERMINATING -> Optional.empty();
    };
  }

  private static boolean isTerminating(Status status) {
    if (status == null || status.getDetails() == null) {
      return false;
    }
    List<StatusCause> causes = status.getDetails().getCauses();
    return causes.stream().anyMatch(cause -> "NamespaceTerminating".equals(cause.getReason()));
  }
}
