package dev.hone.operator.inference;

import dev.hone.api.common.ConfigMapKey;
import dev.hone.api.inference.Parity;
import dev.hone.api.inference.Rollout;
import dev.hone.api.inference.RolloutStage;
import dev.hone.api.inference.RolloutStatus;
import dev.hone.api.inference.ServedModel;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.rollout.GoldenMeasurement;
import dev.hone.operator.rollout.GoldenSet;
import dev.hone.operator.rollout.GoldenSetFacts;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;

/** Has a router check a candidate by a golden set, and asks what it found. */
final class GoldenSetCheck {
  private final KubernetesClient client;
  private final RouterAccess routers;
  private final Owner owner;
  private final RolloutReference reference;
  private final InferenceObservation observed;

  GoldenSetCheck(
      KubernetesClient client,
      RouterAccess routers,
      Owner owner,
      RolloutReference reference,
      InferenceObservation observed) {
    this.client = client;
    this.routers = routers;
    this.owner = owner;
    this.reference = reference;
    this.observed = observed;
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
  GoldenSetFacts look(ConfigMapKey key, RolloutStatus last) {
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
    Sent sent = new Sent(set, RoutingDocument.revision(last, reference.pod(last)));
    return unready(last)
        .map(sentence -> sent.facts(Optional.of(sentence), Optional.empty()))
        .orElseGet(() -> sent.look(ServingPods.routers(observed.pods())));
  }

  /** Why the reference gives no answers yet. */
  private Optional<String> unready(RolloutStatus last) {
    return reference
        .obstacle(last)
        .or(() -> reference.pod(last).flatMap(this::unready))
        .map(sentence -> "the reference is not ready: " + sentence);
  }

  private Optional<String> unready(ServedModel model) {
    Optional<Deployment> deployment = observed.version(owner.name(), model);
    return RolloutState.of(deployment).complete()
        ? Optional.empty()
        : ServingPods.obstacle(deployment, observed.pods(), model, observed.facts())
            .or(() -> Optional.of("its pod starts"));
  }

  /** A set that can be sent. */
  private final class Sent {
    private final GoldenSet set;
    private final String revision;

    Sent(GoldenSet set, String revision) {
      this.set = set;
      this.revision = revision;
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
              .golden(owner, router, revision)
              .filter(measured -> measured.digest().equals(set.digest()));
      if (found.filter(measured -> measured.undecided().isEmpty()).isPresent()) {
        return facts(found.map(this::progress), found);
      }
      Optional<String> refused =
          routers
              .client()
              .check(owner, router, set.document(revision, owner.name()))
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
      return new GoldenSetFacts(
          Optional.of(set.status(reference.model().orElse(null))), waiting, measurement);
    }
  }
}
