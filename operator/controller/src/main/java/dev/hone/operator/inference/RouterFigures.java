package dev.hone.operator.inference;

import dev.hone.api.inference.RolloutStatus;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.rollout.Measurement;
import dev.hone.operator.rollout.StageFigures;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** The figures out of the routers themselves: as new as can be, and gone with a router. */
public final class RouterFigures implements FigureSource {
  private final RouterClient client;
  private final Clock clock;

  public RouterFigures(RouterClient client, Clock clock) {
    this.client = client;
    this.clock = clock;
  }

  @Override
  public StageFigures look(Owner owner, RolloutStatus state, List<Pod> routers) {
    String revision = RoutingDocument.revision(state, Optional.empty());
    List<Measurement> parts =
        routers.stream()
            .map(router -> client.measurement(owner, router, revision))
            .flatMap(Optional::stream)
            .toList();
    return parts.isEmpty()
        ? StageFigures.none("no router tells its figures")
        : StageFigures.of(Measurement.sum(parts), clock.instant());
  }
}
