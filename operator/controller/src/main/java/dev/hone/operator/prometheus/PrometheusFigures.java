package dev.hone.operator.prometheus;

import dev.hone.api.inference.RolloutStatus;
import dev.hone.operator.desired.Owner;
import dev.hone.operator.desired.RoutingDocument;
import dev.hone.operator.inference.FigureSource;
import dev.hone.operator.rollout.Measurement;
import dev.hone.operator.rollout.StageFigures;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The figures that a Prometheus has of the routers: those of a router that is gone too, and as old
 * as its last scrape. Where it does not know enough nothing passes, and nobody else is asked.
 */
public final class PrometheusFigures implements FigureSource {

  /** The clocks of two machines differ, and a stage must not begin after its first figures. */
  private static final Duration CLOCKS = Duration.ofMinutes(5);

  /** A longer look costs a Prometheus more samples than it may be willing to read. */
  private static final Duration MOST = Duration.ofDays(7);

  private final PrometheusSettings settings;
  private final PrometheusClient client;
  private final RouterSeries series;
  private final Clock clock;

  public PrometheusFigures(PrometheusSettings settings, Clock clock) {
    this.settings = settings;
    this.client = new PrometheusClient(settings);
    this.series = new RouterSeries(settings.namespaceLabel());
    this.clock = clock;
  }

  @Override
  public StageFigures look(Owner owner, RolloutStatus state, List<Pod> routers) {
    String revision = RoutingDocument.revision(state, Optional.empty());
    Instant now = clock.instant();
    try {
      // These first: what is counted then is at least as new.
      Scrapes scrapes = Scrapes.of(client.query(series.ages(owner)), revision);
      List<Sample> counted = client.query(series.counted(owner, revision, since(state, now)));
      Optional<Measurement> measurement =
          counted.isEmpty() ? Optional.empty() : Optional.of(measurement(counted));
      Optional<String> lacking =
          scrapes
              .lacking(owner, settings.namespaceLabel(), routers.size())
              .or(() -> counted.isEmpty() ? Optional.of("has no figures") : Optional.empty());
      return new StageFigures(
          measurement, now.minus(scrapes.oldest()), lacking.map(settings::sentence));
    } catch (PrometheusException e) {
      return StageFigures.none(String.valueOf(e.getMessage()));
    }
  }

  private Measurement measurement(List<Sample> counted) throws PrometheusException {
    try {
      return RouterMeasurement.of(counted);
    } catch (IllegalArgumentException e) {
      throw new PrometheusException(settings.sentence(String.valueOf(e.getMessage())), e);
    }
  }

  private static Duration since(RolloutStatus state, Instant now) {
    Duration stage = Duration.between(Instant.parse(state.since()), now);
    Duration wanted = (stage.isNegative() ? Duration.ZERO : stage).plus(CLOCKS);
    return wanted.compareTo(MOST) > 0 ? MOST : wanted;
  }
}
