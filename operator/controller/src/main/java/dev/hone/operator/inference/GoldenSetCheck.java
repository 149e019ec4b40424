package dev.hone.operator.inference;

import dev.hone.api.common.ConfigMapKey;
import dev.hone.api.inference.Parity;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.GoldenSet;
import dev.hone.operator.rollout.GoldenSetFacts;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Has a router check a candidate by a golden set, and asks what it found. */
final class GoldenSetCheck {
  private final KubernetesClient client;
  private final RouterAccess routers;

  GoldenSetCheck(KubernetesClient client, RouterAccess routers) {
    this.client = client;
    this.routers = routers;
  }

  /** Where the golden set is, if it is its turn. */
  static Optional<ConfigMapKey> asked(InferenceView view, RolloutStatus last) {
    return last.stage() == RolloutStage.GOLDEN_SET
        ? Optional.ofNullable(view.rollout())
            .map(Rollout::parity)
            .map(Parity::goldenSet)
            .map(dev.hone.api.inference.GoldenSet::configMapKeyRef)
        : Optional.empty();
  }

  /** What is known of it; it is sent where no router has it, and where it told nothing. */
  GoldenSetFacts look(Owner owner, ConfigMapKey key, RolloutStatus last, List<Pod> pods) {
    String where = "key %s of ConfigMap %s".formatted(key.key(), key.name());
    ConfigMap map = client.configMaps().inNamespace(owner.namespace()).withName(key.name()).get();
    String text = map == null || map.getData() == null ? null : map.getData().get(key.key());
    if (text == null) {
      return GoldenSetFacts.waits(
          "%s of spec.rollout.parity.goldenSet is not there".formatted(where));
    }
    GoldenSet set;
    try {
      set = GoldenSet.parse(text);
    } catch (IllegalArgumentException e) {
      return GoldenSetFacts.waits(where + ": " + e.getMessage());
    }
    return new Sent(set, owner, last).look(ServingPods.routers(pods));
  }

  /** A set that can be sent. */
  private final class Sent {
    private final GoldenSet set;
    private final Owner owner;
    private final String revision;

    Sent(GoldenSet set, Owner owner, RolloutStatus last) {
      this.set = set;
      this.owner = owner;
      this.revision = RoutingDocument.revision(last);
    }

    GoldenSetFacts look(List<Pod> ready) {
      if (ready.isEmpty()) {
        return facts(Optional.of("no router is ready"), Optional.empty());
      }
      // One is enough: they would all send the same requests.
      Pod router = ready.getFirst();
      Optional<GoldenMeasurement> found =
          routers
              .client()
              .golden(router, revision)
              .filter(measured -> measured.digest().equals(set.digest()));
      if (found.filter(measured -> measured.undecided().isEmpty()).isPresent()) {
        return facts(found.map(this::progress), found);
      }
      Optional<String> refused =
          routers
              .client()
              .check(router, routers.token(owner), set.document(revision, owner.name()))
              .map(sentence -> "the router does not take it: " + sentence);
      return facts(
          refused
              .or(() -> found.flatMap(GoldenMeasurement::undecided))
              .or(() -> Optional.of("it was sent to a router")),
          found);
    }

    private String progress(GoldenMeasurement measured) {
      return "%d of %d requests are answered".formatted(measured.compared(), measured.requests());
    }

    private GoldenSetFacts facts(
        Optional<String> waiting, Optional<GoldenMeasurement> measurement) {
      return new GoldenSetFacts(Optional.of(set.status()), waiting, measurement);
    }
  }
}
