package dev.hone.server.router;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is published of a revision, and the table of it in docs/metrics.md. */
class RouterMetricsTest {
  private static final Pattern METER = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^(hone_\\S+?)\\{(.*),\\} ");
  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(hone_router_[a-z0-9_]+)` \\| (\\w+) \\| (.*?) \\|");
  private static final Pattern QUOTED = Pattern.compile("`(\\w+)`");
  private static final Set<String> ON_ALL =
      Set.of("inference_namespace", "inference_deployment", "process", "revision");
  private static final Backend BACKEND =
      new Backend(URI.create("http://a:1"), URI.create("http://a:2"));

  private final ActiveRouting active = new ActiveRouting();

  private static Routing routing(String revision, @Nullable Backend candidate) {
    return new Routing(revision, BACKEND, candidate, null, 0, 0, 0, 5000, null);
  }

  private String scrape() {
    return RouterMetrics.text(new RouterIdentity("team", "spam", "p1"), active.get());
  }

  private Statistics statistics() {
    return active.get().orElseThrow().statistics();
  }

  private static String table() throws Exception {
    String document = Files.readString(Path.of("../../docs/metrics.md"));
    return document.substring(
        document.indexOf("# Metrics of the routers"), document.indexOf("# Metrics of the server"));
  }

  /** The labels of each meter, but for those that all have. */
  private static Map<String, Set<String>> labels(String text) {
    return SAMPLE
        .matcher(text)
        .results()
        .collect(
            groupingBy(
                sample -> sample.group(1).replaceFirst("_(bucket|count|sum)$", ""),
                TreeMap::new,
                mapping(
                    sample -> sample.group(2),
                    Collectors.flatMapping(
                        labels -> LABEL.matcher(labels).results().map(label -> label.group(1)),
                        Collectors.filtering(
                            label -> !ON_ALL.contains(label) && !label.equals("le"),
                            toCollection(TreeSet::new))))));
  }

  private static Map<String, Set<String>> quoted(String table) {
    return ROW.matcher(table)
        .results()
        .collect(
            Collectors.toMap(
                row -> row.group(1),
                row ->
                    QUOTED
                        .matcher(row.group(3))
                        .results()
                        .map(label -> label.group(1))
                        .collect(toCollection(TreeSet::new))));
  }

  private void countEverything() {
    active.put(routing("r1", BACKEND));
    statistics().arm(Arm.STABLE).answered(TimeUnit.MILLISECONDS.toNanos(7), false);
    statistics()
        .comparisons()
        .add(
            new Comparison(
                Map.of("logits", new Comparison.Difference(1, 1, 0.5, 0.25, false)),
                Optional.empty()));
  }

  @Test
  void theTableNamesEveryMeterItsTypeAndItsLabels() throws Exception {
    countEverything();
    assertThat(METER.matcher(scrape()).results().map(RouterMetricsTest::nameAndType))
        .containsExactlyInAnyOrderElementsOf(
            ROW.matcher(table()).results().map(row -> row.group(1) + " " + row.group(2)).toList());
    assertThat(labels(scrape())).containsExactlyInAnyOrderEntriesOf(quoted(table()));
  }

  private static String nameAndType(MatchResult type) {
    return type.group(1) + " " + type.group(2);
  }

  @Test
  void everySampleSaysWhoseItIs() {
    countEverything();
    assertThat(scrape().lines().filter(line -> !line.startsWith("#")))
        .allSatisfy(
            line ->
                assertThat(line)
                    .contains(
                        "{inference_namespace=\"team\",inference_deployment=\"spam\",process=\"p1\","
                            + "revision=\"r1\","));
  }

  @Test
  void theSeriesOfARevisionGoWithIt() {
    active.put(routing("r0", BACKEND));
    long first = scrape().lines().count();
    IntStream.rangeClosed(1, 100)
        .forEach(
            number -> {
              active.put(routing("r" + number, BACKEND));
              statistics().arm(Arm.CANDIDATE).answered(1_000_000, false);
            });
    assertThat(scrape().lines().count()).isEqualTo(first);
    assertThat(scrape()).contains("revision=\"r100\"").doesNotContain("revision=\"r99\"");
  }

  @Test
  void withoutACandidateNothingIsToldOfOne() {
    active.put(routing("r1", null));
    assertThat(scrape()).contains("version=\"stable\"").doesNotContain("version=\"candidate\"");
  }

  @Test
  void eachProcessHasAName() {
    Map<String, String> environment =
        Map.of("HONE_ROUTER_NAMESPACE", "team", "HONE_ROUTER_DEPLOYMENT", "spam");
    RouterIdentity one = RouterIdentity.of(environment);
    assertThat(one.namespace()).isEqualTo("team");
    assertThat(one.deployment()).isEqualTo("spam");
    assertThat(one.process()).isNotEqualTo(RouterIdentity.of(environment).process());
  }

  @Test
  void theBucketsAreFineWhereItMattersAndHoldEverything() {
    double[] bounds = LatencyBounds.SECONDS;
    assertThat(bounds).isSorted().doesNotHaveDuplicates().startsWith(.0005).contains(.00112, 2.24);
    for (int i = 1; bounds[i] <= 10; i++) {
      assertThat(bounds[i] / bounds[i - 1]).isLessThan(1.15);
    }
    assertThat(bounds[bounds.length - 1]).isGreaterThan(Duration.ofHours(1).toSeconds());
    countEverything();
    statistics().arm(Arm.STABLE).answered(Duration.ofDays(1).toNanos(), false);
    assertBucket(".0063", 0);
    assertBucket(".0071", 1);
    assertBucket("2000", 1);
    assertBucket("5000", 2);
  }

  private void assertBucket(String seconds, double count) {
    assertThat(scrape())
        .contains(
            "version=\"stable\",le=\"%s\",} %s\n".formatted(Double.parseDouble(seconds), count));
  }
}
