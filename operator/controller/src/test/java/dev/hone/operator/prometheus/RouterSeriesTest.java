package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.desired.Owner;
import dev.hone.testing.apiserver.Repository;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is asked for is what the table in docs/metrics.md says that routers publish. */
class RouterSeriesTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `(hone_router_[a-z0-9_]+)` \\| \\w+ \\| (.*?) \\|");
  private static final Owner OWNER = new Owner("InferenceDeployment", "team", "spam", "uid");

  private static String section() throws Exception {
    String document = Files.readString(Repository.root().resolve("docs/metrics.md"));
    return document.substring(
        document.indexOf("# Metrics of the routers"), document.indexOf("# Metrics of the server"));
  }

  private static Map<String, String> table() throws Exception {
    return ROW.matcher(section())
        .results()
        .collect(Collectors.toMap(row -> row.group(1), row -> row.group(2)));
  }

  @Test
  void routersPublishWhatIsAskedFor() throws Exception {
    assertThat(
            Stream.concat(RouterSeries.COUNTED.stream(), Stream.of(RouterSeries.WEIGHT))
                .map(name -> name.replaceFirst("_bucket$", "")))
        .hasSize(11)
        .doesNotHaveDuplicates()
        .isSubsetOf(table().keySet());
  }

  @Test
  void theyHaveTheLabelsThatItIsReadBy() throws Exception {
    for (String name : List.of(RouterSeries.REQUESTS, RouterSeries.ERRORS)) {
      assertThat(table()).containsEntry(name, "`" + RouterSeries.VERSION + "`");
    }
    assertThat(table())
        .containsEntry("hone_router_request_duration_seconds", "`" + RouterSeries.VERSION + "`");
    for (String name :
        List.of(
            RouterSeries.ROWS,
            RouterSeries.SAME_TOP,
            RouterSeries.MAX_ABS,
            RouterSeries.RELATIVE_L2)) {
      assertThat(table()).containsEntry(name, "`" + RouterSeries.OUTPUT + "`");
    }
    assertThat(section())
        .contains(
            "Every series has `inference_namespace` and `inference_deployment`",
            "`" + RouterSeries.PROCESS + "`",
            "`" + RouterSeries.REVISION + "`");
  }

  @Test
  void asksForOneDeploymentAndOneStage() {
    RouterSeries series = new RouterSeries(Optional.empty());
    assertThat(series.counted(OWNER, "Canary-1-\"x\"", Duration.ofMinutes(6)))
        .isEqualTo(
            "max by (__name__, process, version, output, le) (last_over_time({__name__=~\""
                + "hone_router_requests_total|hone_router_errors_total"
                + "|hone_router_request_duration_seconds_bucket|hone_router_comparisons_total"
                + "|hone_router_unlike_total|hone_router_nan_total|hone_router_compared_rows_total"
                + "|hone_router_same_top_rows_total|hone_router_max_abs|hone_router_max_relative_l2"
                + "\",inference_namespace=\"team\",inference_deployment=\"spam\""
                + ",revision=\"Canary-1-\\\"x\\\"\"}[360s]))");
    assertThat(series.ages(OWNER))
        .isEqualTo(
            "time() - max by (process, revision) (timestamp(hone_router_candidate_weight{"
                + "inference_namespace=\"team\",inference_deployment=\"spam\"}))");
  }

  @Test
  void believesNoTargetInAnotherNamespace() {
    RouterSeries series = new RouterSeries(Optional.of("kubernetes_namespace"));
    assertThat(List.of(series.ages(OWNER), series.counted(OWNER, "r1", Duration.ofMinutes(6))))
        .allSatisfy(
            query ->
                assertThat(query)
                    .contains("inference_deployment=\"spam\",kubernetes_namespace=\"team\""));
  }
}
