package dev.hone.operator.it;

import dev.hone.operator.progress.TestClock;
import dev.hone.testing.apiserver.ApiServer;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A namespace, and an operator for it behind a proxy in which things go wrong. */
final class FaultStage implements AutoCloseable {

  /** Tries that the client makes by itself, as it does in production. */
  static final int CLIENT_RETRIES = 10;

  /** What a client waits for an answer; in production it is 10 s. */
  private static final Duration PATIENCE = Duration.ofSeconds(2);

  /** Nothing answers there: the stage ends before there are models to ask. */
  private static final int NO_MODELS = 1;

  final FaultyApi api;

  /** The operator's; the cluster has another one. */
  final TestClock clock = new TestClock(Duration.ZERO);

  final Workbench bench;
  final Kubelet kubelet;
  private final String token;
  private final int retries;
  private final CompletableFuture<Void> restarted = new CompletableFuture<>();
  private RunningOperator operator;

  /**
   * Starts an operator.
   *
   * @param token of its service account
   * @param retries tries that its client makes by itself: with none the reconcilers meet each fault
   */
  FaultStage(ApiServer server, String token, int retries) {
    this.token = token;
    this.retries = retries;
    api = new FaultyApi(server);
    api.onDeath(this::restart);
    bench = new Workbench(server.admin(), server.newNamespace("faults"));
    kubelet = new Kubelet(server.admin());
    operator = operator();
  }

  /** Makes the operator's service account with the rights of the chart; gives its token. */
  static String token(ApiServer server) {
    String home = RunningOperator.NAMESPACE;
    server
        .admin()
        .resource(new NamespaceBuilder().withNewMetadata().withName(home).endMetadata().build())
        .serverSideApply();
    server.serviceAccount(home, "hone-operator", ChartRoles.render(home)).close();
    return server.token(home, "hone-operator", List.of());
  }

  private RunningOperator operator() {
    KubernetesClient client =
        new KubernetesClientBuilder()
            .withConfig(
                new ConfigBuilder(Config.empty())
                    .withMasterUrl(api.url())
                    .withOauthToken(token)
                    .withNamespace("default")
                    .withRequestRetryBackoffLimit(retries)
                    .withRequestTimeout((int) PATIENCE.toMillis())
                    .build())
            .build();
    return RunningOperator.start(client, bench.namespace(), NO_MODELS, clock);
  }

  /** One more operator that is at work at the same time; the caller closes it. */
  RunningOperator another() {
    return operator();
  }

  /** Puts another operator in the place of the one that is there, be it dead or alive. */
  synchronized void restart() {
    try {
      operator.close();
      api.revive();
      operator = operator();
      restarted.complete(null);
    } catch (RuntimeException e) {
      restarted.completeExceptionally(e);
    }
  }

  /** Whether an operator has died; then another one is at work by now. */
  boolean died() {
    boolean died = api.writes().stream().anyMatch(write -> write.fault() == FaultyApi.Fault.DEATH);
    if (died) {
      restarted.orTimeout(30, TimeUnit.SECONDS).join();
    }
    return died;
  }

  /** Waits for something, or for the operator to have died and come back. */
  void awaitUnlessDied(CompletableFuture<?> something) {
    CompletableFuture.anyOf(something, restarted).orTimeout(30, TimeUnit.SECONDS).join();
  }

  @Override
  public synchronized void close() {
    operator.close();
    api.close();
  }
}
