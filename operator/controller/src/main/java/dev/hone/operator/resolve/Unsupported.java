package dev.hone.operator.resolve;

import dev.hone.api.common.DataSource;
import dev.hone.api.common.JobResources;
import dev.hone.api.common.ModelSource;
import dev.hone.api.compression.CompressionJobSpec;
import dev.hone.api.compression.Distill;
import dev.hone.api.compression.Search;
import dev.hone.api.compression.Step;
import dev.hone.api.finetune.FineTuneJobSpec;
import dev.hone.api.inference.InferenceDeploymentSpec;
import dev.hone.api.inference.Parity;
import dev.hone.api.inference.Rollout;
import dev.hone.operator.desired.PvcUri;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one list of what the API knows by name and nothing carries out yet. A spec that asks for it
 * is refused with a sentence, never half obeyed. Whoever adds an executor takes its name off here.
 */
public final class Unsupported {

  private static final Set<String> STEPS =
      Set.of("distill", "factorize", "fuse", "prune", "quantize", "shareWeights");

  /** Addresses that the trainer fetches from, and whose files it compares with what is listed. */
  private static final Set<String> LISTED = Set.of("hf://", "s3://", "oci://");

  private Unsupported() {}

  /** What of a FineTuneJob cannot be done, if anything. */
  public static Optional<String> of(FineTuneJobSpec spec) {
    return first(
        input("spec.model", spec.model()),
        input("spec.dataset.train", spec.dataset().train()),
        spec.dataset().evaluation() == null
            ? Optional.empty()
            : input("spec.dataset.evaluation", spec.dataset().evaluation()),
        address("spec.output.uri", spec.output().uri()));
  }

  /** What of a CompressionJob cannot be done, if anything. */
  public static Optional<String> of(CompressionJobSpec spec) {
    var data = spec.dataset();
    return first(
        spec.search() == null ? Optional.empty() : parallel(spec.search()),
        steps(spec.steps()),
        input("spec.model", spec.model()),
        data.train() == null ? Optional.empty() : input("spec.dataset.train", data.train()),
        data.calibration() == null
            ? Optional.empty()
            : input("spec.dataset.calibration", data.calibration()),
        data.evaluation() == null
            ? Optional.empty()
            : input("spec.dataset.evaluation", data.evaluation()),
        address("spec.output.uri", spec.output().uri()),
        nodes(spec.resources()));
  }

  /** What of an InferenceDeployment cannot be done, if anything. */
  public static Optional<String> of(InferenceDeploymentSpec spec) {
    return first(
        spec.rollout() == null ? Optional.empty() : rollout(spec.rollout()),
        source("spec.model", spec.model()));
  }

  private static Optional<String> rollout(Rollout rollout) {
    Parity parity = rollout.parity();
    return first(
        parity == null || parity.reference() == null
            ? Optional.empty()
            : source("spec.rollout.parity.reference", parity.reference()));
  }

  private static Optional<String> steps(List<Step> steps) {
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      String path = "spec.steps[" + i + "]";
      Optional<String> refused =
          choice(path, step.choice(), STEPS)
              .or(() -> step.distill() == null ? Optional.empty() : teacher(path, step.distill()));
      if (refused.isPresent()) {
        return refused;
      }
    }
    return Optional.empty();
  }

  private static Optional<String> teacher(String path, Distill distill) {
    ModelSource teacher = distill.teacher();
    return teacher == null ? Optional.empty() : input(path + ".distill.teacher", teacher);
  }

  private static Optional<String> parallel(Search search) {
    return search.parallelism() != null && search.parallelism() > 1
        ? refuse("spec.search.parallelism above 1", "write parallelism: 1")
        : Optional.empty();
  }

  private static Optional<String> choice(String path, String chosen, Set<String> supported) {
    return supported.contains(chosen)
        ? Optional.empty()
        : refuse(
            path + "." + chosen,
            "write " + String.join(" or ", supported.stream().sorted().toList()));
  }

  private static Optional<String> input(String path, ModelSource model) {
    return model.uri() == null ? Optional.empty() : input(path, model.uri(), model.digest());
  }

  private static Optional<String> input(String path, DataSource data) {
    return input(path, data.uri(), data.digest());
  }

  /**
   * Of what a run reads: the file behind an address of the web may change, unless a digest pins it.
   */
  private static Optional<String> input(String path, String uri, @Nullable String digest) {
    if (LISTED.stream().anyMatch(uri::startsWith)) {
      return Optional.empty();
    }
    if (!uri.startsWith("https://")) {
      return address(path + ".uri", uri);
    }
    return digest == null
        ? refuse(
            path + ".uri with https:// and no digest",
            "write " + path + ".digest: sha256:… of the file")
        : Optional.empty();
  }

  private static Optional<String> source(String path, ModelSource model) {
    return model.uri() == null ? Optional.empty() : address(path + ".uri", model.uri());
  }

  private static Optional<String> address(String path, String uri) {
    if (PvcUri.parse(uri).isPresent()) {
      return Optional.empty();
    }
    int end = uri.indexOf("://");
    String scheme = end < 0 ? uri : uri.substring(0, end + 3);
    return refuse(path + " with " + scheme, "put it on a volume and write pvc://CLAIM/PATH");
  }

  private static Optional<String> nodes(@Nullable JobResources resources) {
    return resources != null && resources.nodes() != null && resources.nodes() > 1
        ? refuse("spec.resources.nodes above 1", "write nodes: 1")
        : Optional.empty();
  }

  private static Optional<String> refuse(String what, String instead) {
    return Optional.of(what + " is not supported yet; " + instead);
  }

  @SafeVarargs
  private static Optional<String> first(Optional<String>... refusals) {
    return Stream.of(refusals).flatMap(Optional::stream).findFirst();
  }
}
