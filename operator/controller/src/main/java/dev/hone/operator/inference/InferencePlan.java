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
 * @param blocked why the spec is not carried out, if it is not
 */
public record InferencePlan(
    @Nullable ServedModel model,
    boolean apply,
    boolean dropDisruptionBudget,
    Optional<Blocked> blocked) {

  /** Why a spec is not carried out. */
  public record Blocked(Reason reason, String message) {}
}
