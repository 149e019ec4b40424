package dev.hone.operator.desired;

import dev.hone.api.Names;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The pods that serve a model by Hone's own server. */
final class ServerPod {

  private static final String ENGINES = "/engines";

  /** Loading a model takes as long as it takes; only a program that hangs is killed. */
  private static final int STARTUP_FAILURES = 150;

  private ServerPod() {}

  static PodTemplateSpec template(Serving serving) {
    PvcUri pvc = serving.pvc();
    List<Volume> volumes =
        new ArrayList<>(
            List.of(
                PodVolumes.claim(Serving.MODEL_VOLUME, pvc.claim()),
                PodVolumes.emptyDir("hone-tmp")));
    List<VolumeMount> mounts =
        new ArrayList<>(List.of(serving.artifact(), PodVolumes.mount("hone-tmp", "/tmp", false)));
    serving.engines().forEach(engine -> mount(engine, pvc, volumes, mounts));
    volumes.addAll(serving.access().volumes());
    mounts.addAll(serving.access().mounts());
    var parts =
        new PodTemplateMerge.Parts(
            Names.SERVER_CONTAINER,
            serving.images().server(),
            serving.images().pullPolicy(),
            serving.labels(),
            serving.annotations(),
            env(serving),
            volumes,
            mounts,
            serving.resources());
    PodTemplateSpec merged =
        PodTemplateMerge.merge(
            serving.podTemplate(), parts, container -> force(container, serving));
    return new PodTemplateSpecBuilder(merged)
        .withSpec(
            EngineAffinity.place(
                merged.getSpec(), serving.engines().stream().map(PlacedEngine::target).toList()))
        .build();
  }

  private static ContainerBuilder force(ContainerBuilder container, Serving serving) {
    Owner owner = serving.owner();
    ServingTraces.own(container, serving.tracing(), owner, owner.name(), serving.model());
    return ServerContainer.serving(container, serving.access().probedPort(), STARTUP_FAILURES);
  }

  private static Map<String, String> env(Serving serving) {
    ServedModel model = serving.model();
    Map<String, String> env = new TreeMap<>(serving.settings());
    env.putAll(serving.access().env());
    if (!serving.engines().isEmpty()) {
      env.put("HONE_ENGINES", ENGINES);
    }
    env.put("HONE_MODEL_REPOSITORY", Serving.ARTIFACTS);
    if (model.digest() != null) {
      env.put("HONE_MODEL_DIGEST", model.digest());
    }
    return env;
  }

  /** Each engine by itself, so that a pod sees no other; another claim is a volume of its own. */
  private static void mount(
      PlacedEngine engine, PvcUri model, List<Volume> volumes, List<VolumeMount> mounts) {
    PvcUri pvc =
        PvcUri.parse(engine.uri())
            .orElseThrow(() -> new IllegalArgumentException("not on a volume: " + engine.uri()));
    String volume = Serving.MODEL_VOLUME;
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
        volumes.add(PodVolumes.claim(name, pvc.claim()));
      }
    }
    mounts.add(PodVolumes.folder(volume, ENGINES + "/" + engine.key(), pvc));
  }
}
