package dev.hone.operator.desired;

import dev.hone.api.Names;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeBuilder;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.VolumeMountBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The Deployment that serves a model. */
public final class ServingDeployment {

  private static final String REPOSITORY = "/models";
  private static final String ENGINES = "/engines";
  private static final int PROGRESS_SECONDS = 600;

  /** The server's setting of how long it goes on serving after SIGTERM, and its default. */
  private static final String DRAIN_VARIABLE = "HONE_DRAIN_SECONDS";

  private static final long DRAIN_SECONDS = 5;

  /** At most a day: a longer drain is a mistake, and the server says so. */
  private static final Pattern DRAIN = Pattern.compile("[0-9]{1,5}");

  /** How long the server waits after that for what is in flight. */
  private static final long FINISH_SECONDS = 30;

  /** For the rest of its way out. */
  private static final long SPARE_SECONDS = 10;

  private ServingDeployment() {}

  /** The Deployment; the model's address must be on a volume. */
  public static Deployment build(Serving serving) {
    Owner owner = serving.owner();
    Map<String, String> labels = serving.labels();
    boolean gpu = PodResourceShape.needsGpu(serving.resources());
    return new DeploymentBuilder()
        .withNewMetadata()
        .withName(serving.name())
        .withNamespace(owner.namespace())
        .withLabels(labels)
        .withOwnerReferences(owner.reference())
        .endMetadata()
        .withNewSpec()
        .withReplicas(serving.replicas())
        .withRevisionHistoryLimit(2)
        .withProgressDeadlineSeconds(PROGRESS_SECONDS)
        .withNewSelector()
        .withMatchLabels(serving.selector())
        .endSelector()
        .withNewStrategy()
        .withType("RollingUpdate")
        .withNewRollingUpdate()
        // A GPU more than the replicas hold may not be free, and then a rollout would never end.
        .withMaxSurge(new IntOrString(gpu ? 0 : 1))
        .withMaxUnavailable(new IntOrString(gpu ? 1 : 0))
        .endRollingUpdate()
        .endStrategy()
        .withTemplate(template(serving, labels))
        .endSpec()
        .build();
  }

  private static PodTemplateSpec template(Serving serving, Map<String, String> labels) {
    ServedModel model = serving.model();
    PvcUri pvc =
        PvcUri.parse(model.uri())
            .orElseThrow(() -> new IllegalArgumentException("not on a volume: " + model.uri()));
    List<Volume> volumes =
        new ArrayList<>(List.of(volume("hone-model", pvc), PodVolumes.emptyDir("hone-tmp")));
    List<VolumeMount> mounts =
        new ArrayList<>(
            List.of(
                mount("hone-model", REPOSITORY + "/" + serving.owner().name() + "/1", pvc),
                PodVolumes.mount("hone-tmp", "/tmp", false)));
    serving.engines().forEach(engine -> mount(engine, pvc, volumes, mounts));
    var parts =
        new PodTemplateMerge.Parts(
            Names.SERVER_CONTAINER,
            serving.image(),
            serving.pullPolicy(),
            labels,
            annotations(serving),
            env(serving),
            volumes,
            mounts,
            serving.resources());
    PodTemplateSpec merged =
        PodTemplateMerge.merge(serving.podTemplate(), parts, ServingDeployment::force);
    long given =
        Objects.requireNonNullElse(merged.getSpec().getTerminationGracePeriodSeconds(), 0L);
    return new PodTemplateSpecBuilder(merged)
        .withSpec(
            EngineAffinity.place(
                merged.getSpec(), serving.engines().stream().map(PlacedEngine::target).toList()))
        .editSpec()
        .withTerminationGracePeriodSeconds(Math.max(given, graceSeconds(merged)))
        .endSpec()
        .build();
  }

  /** What the server needs between SIGTERM and its end, whatever the user's template asks for. */
  private static long graceSeconds(PodTemplateSpec template) {
    return template.getSpec().getContainers().stream()
            .filter(container -> Names.SERVER_CONTAINER.equals(container.getName()))
            .flatMap(container -> container.getEnv().stream())
            .filter(variable -> DRAIN_VARIABLE.equals(variable.getName()))
            .map(EnvVar::getValue)
            .filter(value -> value != null && DRAIN.matcher(value).matches())
            .mapToLong(Long::parseLong)
            .findFirst()
            .orElse(DRAIN_SECONDS)
        + FINISH_SECONDS
        + SPARE_SECONDS;
  }

  private static ContainerBuilder force(ContainerBuilder container) {
    ServerContainer.withPorts(container, "metrics", Serving.METRICS_PORT)
        .withTerminationMessagePath("/dev/termination-log")
        .withTerminationMessagePolicy("File")
        .withReadinessProbe(probe("/v2/health/ready", 2, 1));
    if (!container.hasStartupProbe()) {
      // Loading a model takes as long as it takes; only a program that hangs is killed.
      container.withStartupProbe(probe("/v2/health/live", 2, 150));
    }
    if (!container.hasLivenessProbe()) {
      container.withLivenessProbe(probe("/v2/health/live", 10, 3));
    }
    return container;
  }

  private static Probe probe(String path, int periodSeconds, int failures) {
    return ServerContainer.probe(Serving.HTTP_PORT_NAME, path, periodSeconds, failures);
  }

  private static Map<String, String> annotations(Serving serving) {
    ServedModel model = serving.model();
    Map<String, String> annotations = new TreeMap<>();
    if (!serving.engines().isEmpty()) {
      annotations.put(
          Serving.ENGINES_ANNOTATION,
          serving.engines().stream().map(PlacedEngine::key).collect(Collectors.joining(",")));
    }
    annotations.put(Serving.URI_ANNOTATION, model.uri());
    if (model.digest() != null) {
      annotations.put(Serving.DIGEST_ANNOTATION, model.digest());
    }
    if (model.source() != null) {
      annotations.put(Serving.SOURCE_ANNOTATION, model.source());
    }
    return annotations;
  }

  private static Map<String, String> env(Serving serving) {
    ServedModel model = serving.model();
    Map<String, String> env = new TreeMap<>(serving.settings());
    if (!serving.engines().isEmpty()) {
      env.put("HONE_ENGINES", ENGINES);
    }
    env.put("HONE_MODEL_REPOSITORY", REPOSITORY);
    if (model.digest() != null) {
      env.put("HONE_MODEL_DIGEST", model.digest());
    }
    return env;
  }

  private static Volume volume(String name, PvcUri pvc) {
    return new VolumeBuilder()
        .withName(name)
        .withNewPersistentVolumeClaim()
        .withClaimName(pvc.claim())
        .endPersistentVolumeClaim()
        .build();
  }

  private static VolumeMount mount(String volume, String path, PvcUri pvc) {
    return new VolumeMountBuilder()
        .withName(volume)
        .withMountPath(path)
        .withSubPath(pvc.path().isEmpty() ? null : pvc.path())
        .withReadOnly(true)
        .build();
  }

  /** Each engine by itself, so that a pod sees no other; another claim is a volume of its own. */
  private static void mount(
      PlacedEngine engine, PvcUri model, List<Volume> volumes, List<VolumeMount> mounts) {
    PvcUri pvc =
        PvcUri.parse(engine.uri())
            .orElseThrow(() -> new IllegalArgumentException("not on a volume: " + engine.uri()));
    String volume = "hone-model";
    if (!pvc.claim().equals(model.claim())) {
      volume =
          volumes.stream()
              .filter(given -> given.getPersistentVolumeClaim() != null)
              .filter(given -> pvc.claim().equals(given.getPersistentVolumeClaim().getClaimName()))
              .map(Volume::getName)
              .findFirst()
              .orElse("hone-engines-" + volumes.size());
      String name = volume;
      if (volumes.stream().noneMatch(given -> name.equals(given.getName()))) {
        volumes.add(volume(name, pvc));
      }
    }
    mounts.add(mount(volume, ENGINES + "/" + engine.key(), pvc));
  }
}
