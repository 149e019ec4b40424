package dev.hone.operator.resolve;

import dev.hone.api.Reason;
import dev.hone.contract.ResolvedModel;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What became of a {@code model}: an address, or a sentence about what is missing.
 *
 * @param model the address and digest, if the model can be used now
 * @param source the resource that it comes from, for example "FineTuneJob spam-lora"; null for an
 *     address
 * @param reason reason of the condition ReferencesResolved
 * @param message its message
 * @param format what the source was exported as, for example "OpenVINO"; null if nothing says so
 */
public record Resolution(
    Optional<ResolvedModel> model,
    @Nullable String source,
    Reason reason,
    String message,
    @Nullable String format) {

  public Resolution(
      Optional<ResolvedModel> model, @Nullable String source, Reason reason, String message) {
    this(model, source, reason, message, null);
  }

  /** Whether the spec refers to itself, which no waiting can cure. */
  public boolean isCycle() {
    return reason == Reason.REFERENCE_CYCLE;
  }

  /** Whether the model can be used now. */
  public boolean isResolved() {
    return model.isPresent();
  }

  static Resolution resolved(
      ResolvedModel model, @Nullable String source, String message, @Nullable String format) {
    return new Resolution(Optional.of(model), source, Reason.RESOLVED, message, format);
  }

  static Resolution missing(String source, Reason reason, String message) {
    return new Resolution(Optional.empty(), source, reason, message);
  }
}
