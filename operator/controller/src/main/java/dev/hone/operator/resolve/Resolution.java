package dev.hone.operator.resolve;

import dev.hone.api.Reason;
import dev.hone.contract.ResolvedModel;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

  /** The same, if others that are needed besides are there; otherwise the first that is not. */
  public Resolution with(List<Resolution> others) {
    Optional<Resolution> missing =
        Stream.concat(Stream.of(this), others.stream())
            .filter(resolution -> resolution.isCycle() || !resolution.isResolved())
            // No waiting cures a cycle, whatever else is waited for.
            .min(Comparator.comparing(resolution -> !resolution.isCycle()));
    if (missing.isPresent() || others.isEmpty()) {
      return missing.orElse(this);
    }
    String sentences =
        Stream.concat(Stream.of(this), others.stream())
            .filter(resolution -> resolution.source() != null)
            .map(Resolution::message)
            .collect(Collectors.joining("; "));
    return new Resolution(model, source, reason, sentences, format);
  }

  static Resolution resolved(
      ResolvedModel model, @Nullable String source, String message, @Nullable String format) {
    return new Resolution(Optional.of(model), source, Reason.RESOLVED, message, format);
  }

  static Resolution missing(String source, Reason reason, String message) {
    return new Resolution(Optional.empty(), source, reason, message);
  }
}
