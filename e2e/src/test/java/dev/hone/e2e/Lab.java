package dev.hone.e2e;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.dsl.ExecWatch;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * A namespace with a volume that holds a tiny model and data, in a cluster where Hone is installed.
 * Made once per run; test classes get it as a parameter. e2e/run sets HONE_TRAINER_IMAGE and
 * KUBECONFIG.
 */
final class Lab implements AutoCloseable {
  /** How many steps an example of fine-tuning takes here. */
  static final int EXAMPLE_STEPS = 2;

  /** The claim of the lab's own volume. */
  static final String CLAIM = "e2e";

  private final KubernetesClient client = new KubernetesClientBuilder().build();
  private final String namespace = "hone-e2e-" + Long.toString(System.nanoTime() & 0xffffff, 36);

  private Lab() {
    try {
      setUp();
    } catch (RuntimeException | AssertionError e) {
      close();
      throw e;
    }
  }

  private void setUp() {
    client
        .resource(
            new NamespaceBuilder().withNewMetadata().withName(namespace).endMetadata().build())
        .create();
    addVolume(CLAIM, "ReadWriteOnce");
  }

  /** Makes a volume with the model and the data, and a pod through which to look into it. */
  void addVolume(String name, String accessMode) {
    PersistentVolumeClaim claim = load("volume.yaml", PersistentVolumeClaim.class);
    claim.getMetadata().setName(name);
    claim.getSpec().setAccessModes(List.of(accessMode));
    client.resource(claim).inNamespace(namespace).create();
    Pod workbench = load("workbench.yaml", Pod.class);
    workbench.getMetadata().setName(workbenchOf(name));
    workbench.getSpec().getContainers().getFirst().setImage(trainerImage());
    workbench.getSpec().getVolumes().getFirst().getPersistentVolumeClaim().setClaimName(name);
    client.resource(workbench).inNamespace(namespace).create();
    client
        .pods()
        .inNamespace(namespace)
        .withName(workbenchOf(name))
        .waitUntilReady(180, TimeUnit.SECONDS);
    try {
      String fixture = Files.readString(Path.of("src/test/fixtures/make_tiny.py"));
      onVolumeOf(name, "python3", "-c", fixture, "/mnt/pvc/e2e");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static String workbenchOf(String claim) {
    return "workbench-" + claim;
  }

  KubernetesClient client() {
    return client;
  }

  String namespace() {
    return namespace;
  }

  static String trainerImage() {
    return Objects.requireNonNull(
        System.getenv("HONE_TRAINER_IMAGE"), "HONE_TRAINER_IMAGE is not set; use e2e/run");
  }

  /** Applies a manifest of src/test/resources/manifests after an edit. */
  Resource apply(String file, UnaryOperator<Manifest> edit) {
    return apply(edit.apply(new Manifest(load(file, GenericKubernetesResource.class))));
  }

  /** Applies a FineTuneJob of the examples to the tiny model and data of this lab. */
  Resource applyExample(Path file) {
    return apply(
        new Manifest(read(file))
            .spec("model.uri", "pvc://e2e/models/tiny")
            .spec("dataset.train.uri", "pvc://e2e/data/train.jsonl")
            .spec("dataset.evaluation.uri", "pvc://e2e/data/test.jsonl")
            .spec("output.uri", "pvc://e2e/examples")
            .spec("task.labels", "[\"bad\", \"good\"]")
            .spec("task.maxLength", "16")
            .spec("training.steps", Integer.toString(EXAMPLE_STEPS))
            .without("training.epochs")
            .without("resources"));
  }

  /**
   * Applies a CompressionJob of the examples to a model that was trained in this lab, on its data.
   *
   * @param text what is compressed where the example has texts
   * @param images what is compressed where it has images
   */
  Resource applyCompression(
      Path file, Resource text, Resource images, UnaryOperator<Manifest> edit) {
    Manifest manifest = new Manifest(read(file));
    boolean isOfImages = manifest.has("dataset.columns.image");
    String train = isOfImages ? "pvc://e2e/data/stripes-train" : "pvc://e2e/data/train.jsonl";
    String test = isOfImages ? "pvc://e2e/data/stripes-test" : "pvc://e2e/data/test.jsonl";
    manifest
        .spec("model.from.name", (isOfImages ? images : text).name())
        .spec("dataset.evaluation.uri", test)
        .spec("output.uri", "pvc://e2e/examples")
        .without("gate")
        .without("resources");
    for (String part : List.of("dataset.train", "dataset.calibration")) {
      if (manifest.has(part)) {
        manifest.spec(part + ".uri", train);
      }
    }
    return apply(edit.apply(manifest));
  }

  private static GenericKubernetesResource read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return Serialization.unmarshal(in, GenericKubernetesResource.class);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private Resource apply(Manifest manifest) {
    GenericKubernetesResource resource = manifest.resource();
    resource.getMetadata().setNamespace(namespace);
    return new Resource(client, client.resource(resource).createOr(existing -> existing.update()));
  }

  /** Runs a command beside the volume (mounted at /mnt/pvc/e2e) and returns what it printed. */
  String onVolume(String... command) {
    return onVolumeOf(CLAIM, command);
  }

  /** The same beside another volume, which is mounted there too. */
  String onVolumeOf(String claim, String... command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    try (ExecWatch exec =
        client
            .pods()
            .inNamespace(namespace)
            .withName(workbenchOf(claim))
            .writingOutput(out)
            .writingError(err)
            .exec(command)) {
      Integer code = exec.exitCode().get(180, TimeUnit.SECONDS);
      if (code == null || code != 0) {
        throw new AssertionError("exit code " + code + ": " + err.toString(StandardCharsets.UTF_8));
      }
      return out.toString(StandardCharsets.UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError(err.toString(StandardCharsets.UTF_8), e);
    }
  }

  /**
   * Copies a compressed artifact with one label's logit moved, as another version of the model.
   *
   * @param artifact its address
   * @param folder where the copy is written, below pvc://e2e
   * @param shift by how much; 0 for the same answers under another digest
   * @return the copy's digest
   */
  String writeVersion(String artifact, String folder, double shift) throws IOException {
    return onVolume(
            "python3",
            "-c",
            Files.readString(Path.of("src/test/fixtures/make_version.py")),
            artifact.replace("pvc://e2e", "/mnt/pvc/e2e"),
            "/mnt/pvc/e2e/" + folder,
            Double.toString(shift))
        .strip();
  }

  /** Names of what stands in a folder of the volume, hidden ones too; none if it is not there. */
  List<String> list(String folder) {
    return onVolume(
            "python3",
            "-c",
            "import pathlib,sys; p = pathlib.Path(sys.argv[1]);"
                + " print('\\n'.join(sorted(f.name for f in p.iterdir()) if p.is_dir() else []))",
            "/mnt/pvc/e2e/" + folder)
        .lines()
        .filter(name -> !name.isBlank())
        .toList();
  }

  private static <T> T load(String file, Class<T> type) {
    try (InputStream in = Lab.class.getResourceAsStream("/manifests/" + file)) {
      return Serialization.unmarshal(Objects.requireNonNull(in, file), type);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Deletes the namespace and waits until it is gone, so that nothing is left behind. */
  @Override
  public void close() {
    HasMetadata found = client.namespaces().withName(namespace).get();
    if (found != null) {
      client.namespaces().withName(namespace).delete();
      client
          .namespaces()
          .withName(namespace)
          .waitUntilCondition(Objects::isNull, 180, TimeUnit.SECONDS);
    }
    client.close();
  }

  /** Hands the one lab of this run to test classes. */
  static final class Provider implements ParameterResolver {

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Lab.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.create(Lab.class))
          .computeIfAbsent(Lab.class, key -> new Lab(), Lab.class);
    }
  }
}
