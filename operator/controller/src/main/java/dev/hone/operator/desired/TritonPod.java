package dev.hone.operator.desired;

import dev.hone.api.Names;
import dev.hone.api.common.ServingResources;
import dev.hone.api.inference.ServedModel;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The pods that serve a model by NVIDIA Triton Inference Server. Hone's own image checks the
 * artifact first and writes the model repository, into a folder that ends with the pod.
 */
final class TritonPod {

  private static final String REPOSITORY = "/repository";
  private static final String REPOSITORY_VOLUME = "hone-repository";
  private static final String TEMPORARY = "/tmp";
  private static final String TEMPORARY_VOLUME = "hone-tmp";

  /** The argument that has the server's image write a model repository. */
  private static final String REPOSITORY_COMMAND = "model-repository";

  /** Triton answers nothing before its models are loaded, and TensorRT may compile for long. */
  static final int STARTUP_SECONDS = 1800;

  /** What NVIDIA starts its own containers with, where the spec says nothing. */
  private static final Quantity SHARED_MEMORY = new Quantity("1Gi");

  private TritonPod() {}

  static PodTemplateSpec template(Serving serving) {
    List<Volume> volumes =
        new ArrayList<>(
            List.of(
                PodVolumes.claim(Serving.MODEL_VOLUME, serving.pvc().claim()),
                PodVolumes.emptyDir(REPOSITORY_VOLUME),
                PodVolumes.emptyDir(TEMPORARY_VOLUME)));
    List<VolumeMount> mounts =
        new ArrayList<>(
            List.of(
                // The repository links to it.
                serving.artifact(),
                PodVolumes.mount(REPOSITORY_VOLUME, REPOSITORY, true),
                PodVolumes.mount(TEMPORARY_VOLUME, TEMPORARY, false)));
    if (!SharedMemory.isMounted(serving.podTemplate(), Names.SERVER_CONTAINER)) {
      SharedMemory shared = new SharedMemory(SHARED_MEMORY);
      volumes.add(shared.volume());
      mounts.add(shared.mount());
    }
    var parts =
        new PodTemplateMerge.Parts(
            Names.SERVER_CONTAINER,
            serving.images().triton(),
            serving.images().pullPolicy(),
            serving.labels(),
            serving.annotations(),
            // Its user has no home in the image, and CUDA keeps what it compiles there.
            Map.of("HOME", TEMPORARY),
            volumes,
            mounts,
            serving.resources());
    PodTemplateSpec merged =
        PodTemplateMerge.merge(
            serving.podTemplate(), parts, container -> force(container, serving));
    return new PodTemplateSpecBuilder(merged)
        .editSpec()
        .withInitContainers(initContainers(merged.getSpec().getInitContainers(), serving))
        .endSpec()
        .build();
  }

  private static ContainerBuilder force(ContainerBuilder container, Serving serving) {
    List<String> args =
        new ArrayList<>(
            List.of(
                // After the entry point of the image, which makes its CUDA fit the node's driver.
                "tritonserver",
                "--model-repository=" + REPOSITORY,
                "--model-control-mode=explicit",
                "--load-model=" + serving.owner().name(),
                "--disable-auto-complete-config",
                "--http-port=" + Serving.HTTP_PORT,
                "--grpc-port=" + Serving.GRPC_PORT,
                "--metrics-port=" + Serving.METRICS_PORT,
                "--exit-timeout-secs=" + ServingDrain.FINISH_SECONDS));
    args.addAll(ServingTraces.tritonArguments(serving.tracing(), serving.owner()));
    args.addAll(container.getArgs());
    ServingTraces.triton(container, serving.tracing());
    long drain = ServingDrain.seconds(container.buildEnv());
    if (drain > 0) {
      // Triton turns requests away as soon as it gets SIGTERM.
      container
          .editOrNewLifecycle()
          .withNewPreStop()
          .withNewSleep(drain)
          .endPreStop()
          .endLifecycle();
    }
    return ServerContainer.serving(
        container.withArgs(args),
        Serving.HTTP_PORT_NAME,
        STARTUP_SECONDS / ServerContainer.STARTUP_PERIOD_SECONDS);
  }

  /** The user's, then ours; the user's container of that name is its base. */
  private static List<Container> initContainers(List<Container> given, Serving serving) {
    @Nullable Container base = null;
    List<Container> containers = new ArrayList<>();
    for (Container container : given) {
      if (Names.REPOSITORY_CONTAINER.equals(container.getName())) {
        base = container;
      } else {
        containers.add(container);
      }
    }
    containers.add(repository(base, serving));
    return containers;
  }

  private static Container repository(@Nullable Container given, Serving serving) {
    ServingResources resources = serving.resources();
    List<VolumeMount> mounts =
        List.of(
            serving.artifact(),
            PodVolumes.mount(REPOSITORY_VOLUME, REPOSITORY, false),
            PodVolumes.mount(TEMPORARY_VOLUME, TEMPORARY, false));
    var parts =
        new PodTemplateMerge.Parts(
            Names.REPOSITORY_CONTAINER,
            serving.images().server(),
            serving.images().pullPolicy(),
            Map.of(),
            Map.of(),
            env(serving),
            List.of(),
            mounts,
            resources == null ? null : resources.withoutDevices());
    return PodTemplateMerge.container(
        given,
        parts,
        mounts,
        container ->
            container
                .withArgs(REPOSITORY_COMMAND)
                .withTerminationMessagePath("/dev/termination-log")
                .withTerminationMessagePolicy("File"));
  }

  private static Map<String, String> env(Serving serving) {
    ServedModel model = serving.model();
    Map<String, String> env = new TreeMap<>(serving.settings());
    env.put("HONE_MODEL_REPOSITORY", Serving.ARTIFACTS);
    env.put("HONE_TRITON_REPOSITORY", REPOSITORY);
    env.put("HONE_ARTIFACT_LINKS", "true");
    if (model.digest() != null) {
      env.put("HONE_MODEL_DIGEST", model.digest());
    }
    return env;
  }
}
