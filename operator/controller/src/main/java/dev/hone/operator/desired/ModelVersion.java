package dev.hone.operator.desired;

import dev.hone.api.Labels;
import dev.hone.api.Names;
import dev.hone.api.Sha256;
import dev.hone.api.inference.ServedModel;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** A version of a model, as a rollout tells it from another. */
public final class ModelVersion {
  private static final int BYTES = 4;

  private ModelVersion() {}

  /** The hash that its objects are named by: over the address and the digest. */
  public static String of(ServedModel model) {
    return hash(model.uri() + "\n" + (model.digest() == null ? "" : model.digest()));
  }

  /** The name of its Deployment and its Service, among those of an InferenceDeployment. */
  public static String name(String inferenceDeployment, ServedModel model) {
    return Names.version(inferenceDeployment, of(model));
  }

  /** A short hash of a text, fit for a name. */
  static String hash(String text) {
    return HexFormat.of().formatHex(Sha256.bytes(text), 0, BYTES);
  }

  static Map<String, String> labels(Owner owner, String version) {
    Map<String, String> labels = new HashMap<>(Labels.of(Serving.KIND, owner.name()));
    labels.putAll(selector(owner, version));
    return labels;
  }

  static Map<String, String> selector(Owner owner, String version) {
    Map<String, String> selector = new HashMap<>(Labels.selector(Serving.KIND, owner.name()));
    selector.put(Labels.ROLE, Labels.ROLE_VERSION);
    selector.put(Labels.VERSION, version);
    return selector;
  }
}
