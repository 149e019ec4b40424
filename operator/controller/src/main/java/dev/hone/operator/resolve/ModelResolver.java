package dev.hone.operator.resolve;

import dev.hone.api.ConditionTypes;
import dev.hone.api.Reason;
import dev.hone.api.common.Artifact;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.RunStatus;
import dev.hone.api.common.SourceKind;
import dev.hone.api.common.SourceReference;
import dev.hone.contract.ResolvedModel;
import dev.hone.operator.status.ConditionSet;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Turns a {@code model} into an address and a digest, or says what is missing. */
public final class ModelResolver {

  private ModelResolver() {}

  /**
   * Resolves a model.
   *
   * @param namespace namespace of the resource, for sentences
   * @param self how others would refer to the resource itself; null for a kind that nothing refers
   *     to
   * @param model its model
   * @param catalog the sources of that namespace
   */
  public static Resolution resolve(
      String namespace, @Nullable SourceReference self, ModelSource model, SourceCatalog catalog) {
    return resolve(namespace, self, model, "spec.model.from", catalog);
  }

  /**
   * Resolves a model that stands anywhere in a spec.
   *
   * @param namespace namespace of the resource, for sentences
   * @param self how others would refer to the resource itself; null for a kind that nothing refers
   *     to
   * @param model the model
   * @param field where its reference stands, for sentences
   * @param catalog the sources of that namespace
   */
  public static Resolution resolve(
      String namespace,
      @Nullable SourceReference self,
      ModelSource model,
      String field,
      SourceCatalog catalog) {
    SourceReference from = model.from();
    if (from == null) {
      return byAddress(model);
    }
    if (self != null) {
      Optional<List<SourceReference>> cycle = CycleFinder.find(self, List.of(from), catalog);
      if (cycle.isPresent()) {
        return Resolution.missing(
            from.toString(), Reason.REFERENCE_CYCLE, cycleSentence(self, cycle.get()));
      }
    }
    return catalog
        .find(from)
        .map(source -> byArtifact(source))
        .orElseGet(
            () ->
                Resolution.missing(
                    from.toString(),
                    Reason.REFERENCE_NOT_FOUND,
                    "waits for "
                        + from
                        + ", which does not exist in namespace "
                        + namespace
                        + "; create it, or correct "
                        + field));
  }

  private static Resolution byAddress(ModelSource model) {
    String uri = model.uri();
    if (uri == null) {
      throw new IllegalArgumentException("the API server lets no model pass without uri and from");
    }
    return Resolution.resolved(
        new ResolvedModel(uri, model.revision(), model.digest(), model.secretRef()),
        null,
        "the spec refers to no other resource",
        null);
  }

  private static Resolution byArtifact(Source source) {
    RunStatus status = source.status();
    SourceReference reference = source.reference();
    Optional<Condition> ready = ConditionSet.find(status.conditions(), ConditionTypes.READY);
    boolean current =
        ready
            .map(Condition::getObservedGeneration)
            .filter(observed -> observed == source.generation())
            .isPresent();
    Artifact artifact = status.artifact();
    if (current
        && artifact != null
        && ConditionSet.isTrue(status.conditions(), ConditionTypes.READY)
        && accepted(source)) {
      return Resolution.resolved(
          new ResolvedModel(artifact.uri(), null, artifact.digest()),
          reference.toString(),
          "takes the artifact of " + reference + ", " + shortDigest(artifact.digest()),
          status.export() == null ? null : status.export().format());
    }
    String reason = ready.map(Condition::getReason).orElse("");
    if (current && Reason.FAILED.value().equals(reason)) {
      return Resolution.missing(
          reference.toString(),
          Reason.REFERENCE_FAILED,
          "waits for " + reference + ", which failed: " + ready.get().getMessage());
    }
    if (current && Reason.CANCELLED.value().equals(reason)) {
      return Resolution.missing(
          reference.toString(),
          Reason.REFERENCE_FAILED,
          "waits for " + reference + ", which was canceled: " + ready.get().getMessage());
    }
    if (current && Reason.REJECTED.value().equals(reason)) {
      return Resolution.missing(
          reference.toString(),
          Reason.REFERENCE_REJECTED,
          "waits for " + reference + ", whose result was rejected: " + gateMessage(status));
    }
    if (current && Reason.EVALUATING_GATE.value().equals(reason)) {
      return Resolution.missing(
          reference.toString(),
          Reason.REFERENCE_NOT_READY,
          "waits for " + reference + ", whose gate is undecided: " + gateMessage(status));
    }
    return Resolution.missing(
        reference.toString(),
        Reason.REFERENCE_NOT_READY,
        "waits for " + reference + " to complete" + state(current ? reason : "", status));
  }

  private static boolean accepted(Source source) {
    return source.reference().kind() != SourceKind.COMPRESSION_JOB
        || ConditionSet.isTrue(source.status().conditions(), ConditionTypes.ACCEPTED);
  }

  private static String gateMessage(RunStatus status) {
    return ConditionSet.find(status.conditions(), ConditionTypes.ACCEPTED)
        .map(Condition::getMessage)
        .orElse("its gate is not met");
  }

  private static String state(String reason, RunStatus status) {
    if (reason.isEmpty()) {
      return "";
    }
    var progress = status.progress();
    boolean moving = Reason.RUNNING.value().equals(reason);
    String percent =
        moving && progress != null && progress.percent() != null
            ? ", " + Math.round(progress.percent()) + "%"
            : "";
    return " (now " + reason + percent + ")";
  }

  private static String cycleSentence(SourceReference self, List<SourceReference> cycle) {
    String way = cycle.stream().map(SourceReference::toString).collect(Collectors.joining(" → "));
    String what = cycle.contains(self) ? "refers to itself: " : "waits for a cycle: ";
    return what + way + "; give one of them a spec.model.uri instead of from";
  }

  /** The start of a digest, long enough for people. */
  public static String shortDigest(String digest) {
    return digest.length() <= 19 ? digest : digest.substring(0, 19);
  }
}
