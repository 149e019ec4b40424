package dev.hone.operator.config;

import dev.hone.operator.desired.RouterDeployment;
import dev.hone.operator.desired.Serving;
import dev.hone.operator.desired.ServingImages;
import dev.hone.operator.engine.EngineSettings;
import dev.hone.operator.engine.EngineVersions;
import dev.hone.operator.engine.UnusedPolicy;
import dev.hone.operator.event.EventRecorder;
import dev.hone.operator.inference.FigureSource;
import dev.hone.operator.inference.HttpModelProbe;
import dev.hone.operator.inference.HttpRouterClient;
import dev.hone.operator.inference.InferenceSettings;
import dev.hone.operator.inference.ModelProbe;
import dev.hone.operator.inference.RouterAccess;
import dev.hone.operator.inference.RouterFigures;
import dev.hone.operator.metrics.RunMetrics;
import dev.hone.operator.prometheus.PrometheusFigures;
import dev.hone.operator.prometheus.PrometheusSettings;
import dev.hone.operator.run.RunEngine;
import dev.hone.operator.run.RunSettings;
import dev.hone.operator.run.TrainerImages;
import dev.hone.operator.tls.CertificateAuthority;
import dev.hone.operator.tls.CertificateKeeper;
import io.fabric8.kubernetes.api.model.Quantity;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;

/**
 * Puts together what the reconcilers share; they and what is below them know nothing of Quarkus.
 */
@Dependent
class EngineBeans {

  @Produces
  @Singleton
  EventRecorder events(Clock clock) {
    String pod = Optional.ofNullable(System.getenv("HOSTNAME")).orElse("hone-operator");
    return new EventRecorder(clock, pod);
  }

  @Produces
  @Singleton
  ModelProbe probe() {
    return new HttpModelProbe(Serving.HTTP_PORT, Serving.METRICS_PORT);
  }

  @Produces
  @Singleton
  RouterAccess routers(Vertx vertx, CertificateKeeper certificates) {
    return new RouterAccess(
        new HttpRouterClient(
            vertx, RouterDeployment.CONTROL_PORT, certificates.control()::operator),
        certificates.control());
  }

  /** Prometheus, if there is one; the other source is not asked in its place. */
  @Produces
  @Singleton
  FigureSource figures(HoneConfig config, RouterAccess routers, Clock clock) {
    HoneConfig.Prometheus prometheus = config.prometheus();
    return prometheus
        .url()
        .filter(url -> !url.isBlank())
        .<FigureSource>map(
            url ->
                new PrometheusFigures(
                    PrometheusSettings.of(
                        url,
                        prometheus.bearerTokenFile(),
                        prometheus.caFile(),
                        prometheus.namespaceLabel(),
                        prometheus.timeout()),
                    clock))
        .orElseGet(() -> new RouterFigures(routers.client(), clock));
  }

  @Produces
  @Singleton
  InferenceSettings serving(HoneConfig config) {
    return new InferenceSettings(
        new ServingImages(config.serverImage(), config.tritonImage(), config.imagePullPolicy()),
        config.gpuResource(),
        new EngineVersions(config.engines().onnxRuntime(), config.engines().tensorRt()));
  }

  @Produces
  @Singleton
  EngineSettings engines(HoneConfig config) {
    HoneConfig.Engines.Unused unused = config.engines().unused();
    return new EngineSettings(
        config.serverImage(),
        config.imagePullPolicy(),
        new UnusedPolicy(
            unused.maxAge().stream().mapToLong(Duration::toSeconds).findFirst(),
            unused.maxSize().stream().mapToLong(EngineBeans::bytes).findFirst()));
  }

  private static long bytes(String quantity) {
    return Quantity.getAmountInBytes(Quantity.parse(quantity)).longValueExact();
  }

  @Produces
  @Singleton
  RunEngine engine(
      HoneConfig config,
      CertificateAuthority authority,
      EventRecorder events,
      RunMetrics metrics,
      Clock clock) {
    return new RunEngine(
        new RunSettings(
            new TrainerImages(
                config.trainerImage(),
                config.trainerLiteRtImage().filter(image -> !image.isBlank())),
            config.imagePullPolicy(),
            config.effectiveReportUrl(),
            config.gpuResource(),
            authority::caCertificatePem),
        events,
        metrics,
        clock);
  }
}
