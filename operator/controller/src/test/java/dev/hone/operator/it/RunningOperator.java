package dev.hone.operator.it;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.hone.api.common.PodResources;
import dev.hone.operator.compression.CompressionJobReconciler;
import dev.hone.operator.config.LeanObjects;
import dev.hone.operator.desired.ServingImages;
import dev.hone.operator.engine.EngineBuildReconciler;
import dev.hone.operator.engine.EngineSettings;
import dev.hone.operator.engine.EngineVersions;
import dev.hone.operator.engine.UnusedPolicy;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.finetune.FineTuneJobReconciler;
import dev.hone.operator.inference.FigureSource;
import dev.hone.operator.inference.HttpModelProbe;
import dev.hone.operator.inference.HttpRouterClient;
import dev.hone.operator.inference.InferenceDeploymentReconciler;
import dev.hone.operator.inference.InferenceSettings;
import dev.hone.operator.inference.RouterAccess;
import dev.hone.operator.inference.RouterClient;
import dev.hone.operator.inference.RouterFigures;
import dev.hone.operator.metrics.EngineMetrics;
import dev.hone.operator.metrics.RunMetrics;
import dev.hone.operator.progress.Settings;
import dev.hone.operator.prometheus.PrometheusFigures;
import dev.hone.operator.prometheus.PrometheusSettings;
import dev.hone.operator.run.RunEngine;
import dev.hone.operator.run.RunSettings;
import dev.hone.operator.run.TrainerImages;
import dev.hone.operator.tls.CertificateKeeper;
import dev.hone.operator.tls.ControlCertificates;
import dev.hone.testing.apiserver.ApiServer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.javaoperatorsdk.operator.Operator;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The operator's controllers in this JVM, with the rights of the chart, for one namespace. */
final class RunningOperator implements AutoCloseable {

  static final String NAMESPACE = "hone-system";
  static final String TRAINER_IMAGE = "localhost/hone-trainer:test";
  static final String SERVER_IMAGE = "localhost/hone-server:test";
  static final String TRITON_IMAGE = "example.org/triton:1";
  static final String CA = "-----BEGIN CERTIFICATE-----\ntest\n-----END CERTIFICATE-----\n";

  private final KubernetesClient client;
  private final Operator operator;
  private final Vertx vertx;

  private RunningOperator(KubernetesClient client, Operator operator, Vertx vertx) {
    this.client = client;
    this.operator = operator;
    this.vertx = vertx;
  }

  /**
   * What it talks to routers with.
   *
   * @param port of every router
   * @param clock when certificates are issued
   * @param prometheus where their figures are, if not with them
   */
  record Routers(int port, Clock clock, Optional<PrometheusSettings> prometheus) {
    /** There are none. */
    static final Routers NONE = new Routers(1, Clock.systemUTC(), Optional.empty());
  }

  /** With the rights to work everywhere. */
  static RunningOperator start(ApiServer server, String namespace, int modelPort) {
    return start(server, namespace, modelPort, UnusedPolicy.KEEP);
  }

  /** With the rights that it has where Kueue is in use. */
  static RunningOperator startWithKueue(ApiServer server, String namespace, int modelPort) {
    return start(
        server,
        namespace,
        modelPort,
        ChartRoles.renderWithKueue(NAMESPACE),
        UnusedPolicy.KEEP,
        Routers.NONE);
  }

  private static RunningOperator start(
      ApiServer server,
      String namespace,
      int modelPort,
      List<HasMetadata> rights,
      UnusedPolicy unused,
      Routers routers) {
    server
        .admin()
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(NAMESPACE).endMetadata().build())
        .serverSideApply();
    return start(
        server.serviceAccount(NAMESPACE, "hone-operator", rights),
        namespace,
        modelPort,
        unused,
        routers,
        Clock.systemUTC());
  }

  /** With Roles alone, from a namespace of its own. */
  static RunningOperator startNarrowed(ApiServer server, String namespace, int modelPort) {
    String home = server.newNamespace("narrowed");
    return start(
        server.serviceAccount(home, "hone-operator", ChartRoles.renderNarrowed(home, namespace)),
        namespace,
        modelPort);
  }

  /** With a client of its own, which it closes. */
  static RunningOperator start(KubernetesClient client, String namespace, int modelPort) {
    return start(client, namespace, modelPort, Clock.systemUTC());
  }

  /** With a client of its own, which it closes, and a clock. */
  static RunningOperator start(
      KubernetesClient client, String namespace, int modelPort, Clock clock) {
    return start(client, namespace, modelPort, UnusedPolicy.KEEP, Routers.NONE, clock);
  }

  /** With the rights to work everywhere, and a rule for engines that nobody needs. */
  static RunningOperator start(
      ApiServer server, String namespace, int modelPort, UnusedPolicy unused) {
    return start(server, namespace, modelPort, ChartRoles.render(NAMESPACE), unused, Routers.NONE);
  }

  /** With the rights to work everywhere, and with routers. */
  static RunningOperator start(ApiServer server, String namespace, int modelPort, Routers routers) {
    return start(
        server, namespace, modelPort, ChartRoles.render(NAMESPACE), UnusedPolicy.KEEP, routers);
  }

  private static RunningOperator start(
      KubernetesClient given,
      String namespace,
      int modelPort,
      UnusedPolicy unused,
      Routers routers,
      Clock clock) {
    KubernetesClient client = lean(given);
    Operator operator =
        new Operator(
            configuration ->
                configuration
                    .withKubernetesClient(client)
                    .withCloseClientOnStop(false)
                    .withStopOnInformerErrorDuringStartup(false)
                    .withUseSSAToPatchPrimaryResource(true)
                    .withReconciliationTerminationTimeout(Duration.ofSeconds(5)));
    Vertx vertx = Vertx.vertx();
    // Its authority is kept in the cluster, so one that starts later has the same.
    ControlCertificates certificates =
        new CertificateKeeper(client, Settings.of(NAMESPACE, Map.of()), routers.clock()).control();
    RouterClient routerClient = new HttpRouterClient(vertx, routers.port(), certificates::operator);
    FigureSource figures =
        routers
            .prometheus()
            .<FigureSource>map(settings -> new PrometheusFigures(settings, clock))
            .orElseGet(() -> new RouterFigures(routerClient, clock));
    EventRecorder events = new EventRecorder(clock, "test");
    RunEngine engine =
        new RunEngine(
            new RunSettings(
                new TrainerImages(TRAINER_IMAGE, Optional.empty()),
                "IfNotPresent",
                "https://hone-operator.hone-system.svc:8443",
                PodResources.DEFAULT_GPU_RESOURCE,
                () -> CA),
            events,
            new RunMetrics(new SimpleMeterRegistry()),
            clock);
    Set<String> namespaces = Set.of(namespace);
    operator.register(
        new FineTuneJobReconciler(engine, clock), o -> o.settingNamespaces(namespaces));
    operator.register(
        new CompressionJobReconciler(engine, clock), o -> o.settingNamespaces(namespaces));
    operator.register(
        new InferenceDeploymentReconciler(
            new InferenceSettings(
                new ServingImages(SERVER_IMAGE, TRITON_IMAGE, "IfNotPresent"),
                PodResources.DEFAULT_GPU_RESOURCE,
                new EngineVersions("1.29.0", "10")),
            events,
            new HttpModelProbe(modelPort, modelPort),
            new RouterAccess(routerClient, certificates),
            figures,
            clock),
        o -> o.settingNamespaces(namespaces));
    operator.register(
        new EngineBuildReconciler(
            new EngineSettings(SERVER_IMAGE, "IfNotPresent", unused),
            events,
            new EngineMetrics(new SimpleMeterRegistry()),
            clock),
        o -> o.settingNamespaces(namespaces));
    operator.start();
    return new RunningOperator(client, operator, vertx);
  }

  /** A client that reads as the packaged operator's does, in the place of a given one. */
  private static KubernetesClient lean(KubernetesClient given) {
    ObjectMapper mapper = new ObjectMapper();
    new LeanObjects().customize(mapper);
    try (given) {
      return new KubernetesClientBuilder()
          .withConfig(given.getConfiguration())
          .withKubernetesSerialization(new KubernetesSerialization(mapper, true))
          .build();
    }
  }

  @Override
  public void close() {
    operator.stop();
    client.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
