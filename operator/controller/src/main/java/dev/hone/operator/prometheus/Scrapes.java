package dev.hone.operator.prometheus;

import dev.hone.operator.desired.Owner;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How well a deployment's routers are scraped. Pure.
 *
 * @param known processes of its routers that are scraped
 * @param inStage those of them that were scraped since they are in the stage
 * @param oldest how long ago the last scrape of one of these was, the longest
 */
record Scrapes(int known, int inStage, Duration oldest) {
  private static final double MILLIS = 1000;

  /** Reads the answer to {@link RouterSeries#ages}. */
  static Scrapes of(List<Sample> ages, String revision) {
    List<Sample> inStage =
        ages.stream().filter(age -> revision.equals(age.text(RouterSeries.REVISION))).toList();
    double oldest = inStage.stream().mapToDouble(Sample::value).max().orElse(0);
    return new Scrapes(
        (int) ages.stream().map(age -> age.text(RouterSeries.PROCESS)).distinct().count(),
        inStage.size(),
        Duration.ofMillis((long) Math.ceil(Math.max(0, oldest) * MILLIS)));
  }

  /** Why nothing may pass yet, as the second half of a sentence. */
  Optional<String> lacking(Owner owner, Optional<String> namespaceLabel, int routers) {
    if (known == 0) {
      return Optional.of(
          "knows no series %s of %s in namespace %s: does it scrape port 8002 of the routers' pods%s?"
              .formatted(
                  RouterSeries.WEIGHT,
                  owner.name(),
                  owner.namespace(),
                  namespaceLabel
                      .map(label -> ", and set the label %s to their namespace".formatted(label))
                      .orElse("")));
    }
    return inStage == 0 || inStage < routers
        ? Optional.of(
            "has scraped %d of %d routers since the stage began"
                .formatted(inStage, Math.max(routers, 1)))
        : Optional.empty();
  }
}
