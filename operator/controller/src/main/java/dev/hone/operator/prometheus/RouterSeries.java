package dev.hone.operator.prometheus;

import dev.hone.operator.desired.Owner;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The series of routers that a rollout is decided by, and the queries for them. */
final class RouterSeries {
  static final String REQUESTS = "hone_router_requests_total";
  static final String ERRORS = "hone_router_errors_total";
  static final String DURATION = "hone_router_request_duration_seconds_bucket";
  static final String COMPARISONS = "hone_router_comparisons_total";
  static final String UNLIKE = "hone_router_unlike_total";
  static final String NAN = "hone_router_nan_total";
  static final String ROWS = "hone_router_compared_rows_total";
  static final String SAME_TOP = "hone_router_same_top_rows_total";
  static final String MAX_ABS = "hone_router_max_abs";
  static final String RELATIVE_L2 = "hone_router_max_relative_l2";

  /** One that every router has, whatever it counted. */
  static final String WEIGHT = "hone_router_candidate_weight";

  static final String PROCESS = "process";
  static final String REVISION = "revision";
  static final String VERSION = "version";
  static final String OUTPUT = "output";
  static final String LE = "le";

  /** All that figures are made of. */
  static final List<String> COUNTED =
      List.of(
          REQUESTS,
          ERRORS,
          DURATION,
          COMPARISONS,
          UNLIKE,
          NAN,
          ROWS,
          SAME_TOP,
          MAX_ABS,
          RELATIVE_L2);

  private final Optional<String> namespaceLabel;

  /**
   * The queries.
   *
   * @param namespaceLabel label by which a scrape says what namespace its target is in: a pod in
   *     another one is no router, whatever it publishes
   */
  RouterSeries(Optional<String> namespaceLabel) {
    this.namespaceLabel = namespaceLabel;
  }

  /**
   * What every process counted under a revision, those that are gone too. None of the numbers ever
   * falls while a process lives, so the greatest is the last, whoever scraped it: where there are
   * two Prometheis for one, or two jobs for one router, nothing counts twice.
   */
  String counted(Owner owner, String revision, Duration since) {
    return "max by (%s) (last_over_time({%s=~\"%s\",%s,%s=%s}[%ds]))"
        .formatted(
            String.join(", ", Sample.NAME, PROCESS, VERSION, OUTPUT, LE),
            Sample.NAME,
            String.join("|", COUNTED),
            of(owner),
            REVISION,
            quoted(revision),
            since.toSeconds());
  }

  /** The age in seconds of the last scrape of each process that is still scraped. */
  String ages(Owner owner) {
    return "time() - max by (%s, %s) (timestamp(%s{%s}))"
        .formatted(PROCESS, REVISION, WEIGHT, of(owner));
  }

  private String of(Owner owner) {
    String namespace = quoted(owner.namespace());
    return "inference_namespace=%s,inference_deployment=%s%s"
        .formatted(
            namespace,
            quoted(owner.name()),
            namespaceLabel.map(label -> "," + label + "=" + namespace).orElse(""));
  }

  private static String quoted(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
  }
}
