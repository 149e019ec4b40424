package dev.hone.operator.scale;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.operator.it.ChartRoles;
import dev.hone.operator.scale.Samples.Sample;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Measures, and keeps the figures as JSON. */
@WithApiServer
class Scale {

  private static final int RESOURCES = Integer.getInteger("hone.scale.resources", 10_000);
  private static final String NAMESPACE = "hone-system";
  private static final Set<String> READS = Set.of("GET", "LIST", "WATCH", "CONNECT");

  private final Map<String, Object> figures = new LinkedHashMap<>();
  @TempDir private Path directory;

  @Test
  void measure(ApiServer server) throws IOException, InterruptedException {
    server.installCrds();
    server
        .admin()
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .serverSideApply();
    server.serviceAccount(NAMESPACE, "hone-operator", ChartRoles.render(NAMESPACE)).close();
    String token = server.token(NAMESPACE, "hone-operator", List.of());
    OperatorProcess.train(server, token, NAMESPACE, directory);
    int few = RESOURCES / 10;
    figures.put("device", device());
    figures.put("processors", Runtime.getRuntime().availableProcessors());
    figures.put("resources", RESOURCES);
    figures.put("limitMebibytes", OperatorProcess.MEMORY_MIB);
    try (Load load = new Load(server.admin(), server.newNamespace("scale"))) {
      try (OperatorProcess operator = OperatorProcess.start(server, token, NAMESPACE, directory)) {
        figures.put("readySeconds", Load.seconds(operator.awaitReady()));
        figures.put("idleBytes", operator.residentBytes());
        keep("few", load.create(0, few, operator), operator);
        Samples requests = requests(server);
        Samples own = operator.metrics();
        Duration processor = operator.processorTime();
        Load.Round round = load.create(few, RESOURCES - few, operator);
        operator.awaitIdle(0);
        keep("many", round, operator);
        Samples asked = requests(server).since(requests);
        // The load's own requests are not the operator's.
        figures.put(
            "requestsPerResource",
            asked.sum("apiserver_request_total", sample -> !isLease(sample)) / round.count() - 1);
        figures.put("requestsByKind", words(asked, sample -> !isLease(sample)));
        figures.put(
            "statusWritesPerResource",
            asked.sum(
                    "apiserver_request_total",
                    sample ->
                        sample.label("subresource").equals("status")
                            && !READS.contains(sample.label("verb")))
                / round.count());
        Samples reconciled = operator.metrics().since(own);
        figures.put(
            "reconcileSecondsP99", reconciled.quantile("hone_reconcile_duration_seconds", 0.99));
        figures.put(
            "processorMillisPerResource",
            1000 * Load.seconds(operator.processorTime().minus(processor)) / round.count());
        figures.put("peakBytes", operator.peakBytes());
      }
      restart(server, token);
      figures.put("mostJobs", load.mostJobs());
      Duration bare = load.createBare(server.newNamespace("bare"), RESOURCES);
      figures.put("floorPerSecond", RESOURCES / Load.seconds(bare));
    }
    Path file = Path.of(System.getProperty("hone.scale.figures"));
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), figures);
    assertThat(figures).containsEntry("mostJobs", 1).containsEntry("restartWrites", List.of());
  }

  private void keep(String name, Load.Round round, OperatorProcess operator)
      throws IOException, InterruptedException {
    figures.put(
        name,
        new TreeMap<>(
            Map.of(
                "count", round.count(),
                "creationSeconds", Load.seconds(round.creation()),
                "seconds", Load.seconds(round.all()),
                "perSecond", round.perSecond(),
                "toJobMillisP50", round.quantile(0.5),
                "toJobMillisP99", round.quantile(0.99),
                "residentBytes", operator.residentBytes())));
  }

  /** Starts another one, which finds all of it done. */
  private void restart(ApiServer server, String token) throws IOException, InterruptedException {
    try (OperatorProcess operator = OperatorProcess.start(server, token, NAMESPACE, directory)) {
      Samples before = requests(server);
      figures.put("restartReadySeconds", Load.seconds(operator.awaitReady()));
      figures.put("restartIdleSeconds", Load.seconds(operator.awaitIdle(RESOURCES)));
      Samples asked = requests(server).since(before);
      figures.put(
          "restartWrites",
          words(asked, sample -> !READS.contains(sample.label("verb")) && changes(sample)));
      figures.put("restartResidentBytes", operator.residentBytes());
    }
  }

  private static String device() throws IOException {
    return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
        .filter(line -> line.startsWith("model name"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("an unnamed processor");
  }

  private static Samples requests(ApiServer server) {
    return Samples.parse(server.admin().raw("/metrics"));
  }

  private static List<String> words(Samples asked, Predicate<Sample> which) {
    return asked.words(
        "apiserver_request_total", which, List.of("verb", "resource", "subresource", "code"));
  }

  /** Whether it is about something that is kept: a review is a question, though it is posted. */
  private static boolean changes(Sample sample) {
    return !isLease(sample) && !sample.label("resource").endsWith("reviews");
  }

  /** The lease of the leader, which goes on whatever happens. */
  private static boolean isLease(Sample sample) {
    return sample.label("resource").equals("leases");
  }
}
