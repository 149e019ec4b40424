package dev.hone.operator.inference;

import dev.hone.api.Reason;
import dev.hone.api.inference.ServedModel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What to serve.
 *
 * @param model the model that is wanted, or that goes on being served; null if there is none
 * @param apply whether the objects are to be applied
 * @param dropDisruptionBudget whether the PodDisruptionBudget is to be deleted
 * @param dropAutoscaler whether the HorizontalPodAutoscaler is to be deleted
 * @param blocked why the spec is not carried out, if it is not
 */
public record InferencePlan(
    @Nullable ServedModel model,
    boolean apply,
    boolean dropDisruptionBudget,
    boolean dropAutoscaler,
    Optional<Blocked> blocked) {

  /** The same about another model, where this plan has none. */
  InferencePlan orModel(@Nullable ServedModel other) {
    return model == null && other != null
        ? new InferencePlan(other, apply, dropDisruptionBudget, dropAutoscaler, blocked)
        : this;
  }

  /** The same, blocked. */
  InferencePlan block(Reason reason, String message) {
    return new InferencePlan(model, false, false, false, Optional.of(new Blocked(reason, message)));
  }

  /** The same, although its reference is not there: what serves goes on. */
  InferencePlan goOn() {
    return blocked.filter(found -> found.reason() == Reason.WAITING_FOR_REFERENCE).isPresent()
            && model != null
        ? new InferencePlan(model, true, dropDisruptionBudget, dropAutoscaler, Optional.empty())
        : this;
  }

  /** Why a spec is not carried out. */
  public record Blocked(Reason reason, String message) {}
}
