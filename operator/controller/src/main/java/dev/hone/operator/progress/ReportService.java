package dev.hone.operator.progress;

import dev.hone.api.common.Progress;
import dev.hone.api.common.TrainingSummary;
import dev.hone.contract.ProgressReport;
import dev.hone.contract.RunResult;
import dev.hone.operator.progress.auth.RunResolver;
import dev.hone.operator.progress.write.ProgressSummaries;
import dev.hone.operator.progress.write.ProgressUpdate;
import dev.hone.operator.progress.write.ProgressWriter;
import dev.hone.operator.progress.write.Reporters;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** What happens with a report, whatever it came by. */
public final class ReportService {
  private static final String COMPLETED = "Completed";

  private final RunResolver runs;
  private final ReportParser parser;
  private final ProgressWriter writer;
  private final Reporters reporters;
  private final ResultStore results;
  private final Clock clock;

  /** Takes reports; reads and writes resources by the given client. */
  public ReportService(
      KubernetesClient client,
      RunResolver runs,
      ProgressWriter writer,
      Reporters reporters,
      Clock clock) {
    this.runs = runs;
    this.parser = new ReportParser();
    this.writer = writer;
    this.reporters = reporters;
    this.results = new ResultStore(client);
    this.clock = clock;
  }

  /** Takes a progress report; answers after how many seconds the next one is welcome. */
  public int progress(ResourceKey key, String token, byte[] body) throws ReportRefusedException {
    try {
      Run run = runs.resolve(token, key);
      ProgressReport report = parser.progress(body);
      requireCurrent(run, report.hash());
      if (!writer.offer(new ProgressUpdate(run, progress(report), time(report)))) {
        throw new ReportRefusedException(
            Refusal.BUSY, "Too many runs report at present; send the report again later.");
      }
      return reporters.seen(key);
    } catch (KubernetesClientException e) {
      throw ApiFailures.refusal(e);
    }
  }

  /** Takes a result; returns once it is safe. */
  public int result(ResourceKey key, String token, byte[] body) throws ReportRefusedException {
    try {
      Run run = runs.resolve(token, key);
      RunResult result = parser.result(body);
      requireCurrent(run, result.hash());
      results.keep(run, result, body);
      reporters.ended(key);
      Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
      writer.offer(new ProgressUpdate(run, completed(result, now), now));
      return Reporters.MIN_INTERVAL_SECONDS;
    } catch (KubernetesClientException e) {
      throw ApiFailures.refusal(e);
    }
  }

  private static void requireCurrent(Run run, String hash) throws ReportRefusedException {
    if (!run.hash().equals(hash)) {
      throw new ReportRefusedException(
          Refusal.SUPERSEDED,
          "The report is about run %s, but the current run of %s is %s."
              .formatted(hash, run.resource(), run.hash()));
    }
  }

  private static Instant time(ProgressReport report) throws ReportRefusedException {
    try {
      return Instant.parse(report.time());
    } catch (DateTimeException e) {
      throw new ReportRefusedException(
          Refusal.MALFORMED, "The member /time must be a time such as 2026-01-02T03:04:05Z.");
    }
  }

  private static Progress progress(ProgressReport report) {
    return new Progress(
        report.phase().value(),
        report.percent(),
        report.step(),
        report.totalSteps(),
        report.epoch(),
        report.loss(),
        report.etaSeconds(),
        report.message(),
        report.time(),
        ProgressSummaries.of(
            report.percent(),
            report.step(),
            report.totalSteps(),
            report.loss(),
            report.etaSeconds()));
  }

  private static Progress completed(RunResult result, Instant now) {
    TrainingSummary training = result.training();
    @Nullable Long steps = training == null ? null : training.steps();
    @Nullable Double loss = training == null ? null : training.finalLoss();
    return new Progress(
        COMPLETED,
        100.0,
        steps,
        steps,
        training == null ? null : training.epochs(),
        loss,
        0.0,
        null,
        now.toString(),
        ProgressSummaries.of(100, steps, steps, loss, 0.0));
  }
}
