package dev.hone.operator.desired;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import java.util.Optional;

/** The configuration of a rollout's routers; runtime-image/server/README.md describes it. */
public final class RoutingDocument {
  private static final ObjectMapper JSON = new ObjectMapper();

  private RoutingDocument() {}

  /**
   * The configuration in a state.
   *
   * @param reference the model whose answers to the golden set are right, if it has a pod
   * @param sampleShare share of the requests that is repeated and compared
   * @param untimedCopies how many copies of requests a candidate answers before its latency counts
   * @param access what clients of the routers need
   */
  public static String of(
      Owner owner,
      RolloutStatus state,
      Optional<ServedModel> reference,
      double sampleShare,
      int untimedCopies,
      ServingAccess access) {
    String scheme = access.isOpen() ? "http" : "https";
    ObjectNode root = JSON.createObjectNode().put("revision", revision(state, reference));
    version(root.putObject("stable"), owner, state.stable(), scheme);
    ServedModel candidate = state.candidate();
    boolean trial = candidate != null && state.stage() != RolloutStage.PREPARING;
    if (candidate != null && trial) {
      version(root.putObject("candidate"), owner, candidate, scheme);
    }
    asked(state, reference)
        .ifPresent(model -> version(root.putObject("reference"), owner, model, scheme));
    boolean traffic = trial && state.stage() != RolloutStage.GOLDEN_SET;
    root.put("weight", traffic ? state.weight() : 0).put("shadowShare", traffic ? sampleShare : 0);
    if (state.stage() == RolloutStage.SHADOW) {
      // Each router counts its own: together they leave out as many as are wanted, or one more.
      root.put("untimedCopies", Math.ceilDiv(untimedCopies, RouterDeployment.REPLICAS));
    }
    if (!access.isOpen()) {
      root.put("serverName", VersionSecret.host(owner));
    }
    try {
      return JSON.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts and numbers are always JSON", e);
    }
  }

  /** What the figures of a state are counted under. */
  public static String revision(RolloutStatus state, Optional<ServedModel> reference) {
    ServedModel about = state.candidate() == null ? state.stable() : state.candidate();
    return "%s-%d-%s-%s%s"
        .formatted(
            state.stage().text(),
            state.step() == null ? 0 : state.step(),
            ModelVersion.of(about),
            state.since(),
            asked(state, reference).map(model -> "-" + ModelVersion.of(model)).orElse(""));
  }

  private static Optional<ServedModel> asked(RolloutStatus state, Optional<ServedModel> reference) {
    return state.stage() == RolloutStage.GOLDEN_SET ? reference : Optional.empty();
  }

  private static void version(ObjectNode node, Owner owner, ServedModel model, String scheme) {
    String host = ModelVersion.name(owner.name(), model) + "." + owner.namespace() + ".svc";
    node.put("rest", scheme + "://" + host + ":" + Serving.HTTP_PORT)
        .put("grpc", scheme + "://" + host + ":" + Serving.GRPC_PORT);
  }
}
