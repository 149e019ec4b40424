package dev.hone.server.lifecycle;

import dev.hone.server.backend.BackendException;
import dev.hone.server.backend.ExecutionProvider;
import dev.hone.server.backend.NoAcceleratorException;
import dev.hone.server.backend.OnnxBackend;
import dev.hone.server.backend.ProviderChain;
import dev.hone.server.backend.Signature;
import dev.hone.server.repository.Artifact;
import dev.hone.server.repository.Manifest;
import dev.hone.server.repository.RepositoryException;
import dev.hone.server.repository.RepositoryException.Reason;
import dev.hone.server.triton.Instances;
import dev.hone.server.triton.ModelConfigs;
import dev.hone.server.triton.Plans;
import dev.hone.server.triton.RepositoryWriter;
import dev.hone.server.triton.TritonModel;
import dev.hone.server.triton.TritonSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jboss.logging.Logger;

/**
 * The command that makes a model repository for Triton of the only model of a repository of
 * artifacts.
 */
public final class WriteRepository extends OneShotCommand {
  private static final String NAME = "model-repository";

  /** The arguments that ask for it. */
  public static final List<String> COMMAND = List.of(NAME);

  private static final Logger LOG = Logger.getLogger(WriteRepository.class);

  /** Reads its settings from that environment. */
  public WriteRepository(Map<String, String> environment) {
    super(NAME, "the model repository could not be written", environment);
  }

  @Override
  Map<String, Object> work() throws RepositoryException, IOException {
    Path target = Path.of(setting("HONE_TRITON_REPOSITORY"));
    TritonSettings settings =
        TritonSettings.of(environment(), Runtime.getRuntime().availableProcessors());
    Optional<String> digest =
        Optional.of(settingOr("HONE_MODEL_DIGEST", "")).filter(value -> !value.isBlank());
    Artifact artifact = onlyArtifact("one is written", digest);
    SortedMap<String, Path> plans = plans(settings);
    Optional<Manifest.Task> task = artifact.task();
    TritonModel model =
        new TritonModel(
            artifact.folder().name(),
            signature(artifact),
            artifact.folder().path().relativize(artifact.model()).toString(),
            RepositoryWriter.planNames(plans),
            artifact.digest(),
            task.map(Manifest.Task::labels).orElse(List.of()),
            task.map(Manifest.Task::maxLength));
    Path folder =
        new RepositoryWriter(target, Boolean.parseBoolean(settingOr("HONE_ARTIFACT_LINKS", "")))
            .write(artifact, ModelConfigs.text(model, settings), model.labels(), plans);
    LOG.infof("model '%s' is in %s", model.name(), folder);
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("model", model.name());
    artifact.digest().ifPresent(value -> document.put("digest", value));
    document.put("repository", target.toString());
    return document;
  }

  private SortedMap<String, Path> plans(TritonSettings settings) throws RepositoryException {
    String folder = settingOr("HONE_PLANS", "");
    if (folder.isBlank()) {
      return new TreeMap<>();
    }
    if (settings.instances() == Instances.CPU) {
      throw invalid(
          "HONE_PLANS names plans, which run on GPUs alone: set HONE_TRITON_INSTANCES=GPU"
              + " (spec.resources.gpus), or unset it");
    }
    return Plans.in(Path.of(folder));
  }

  /** As ONNX Runtime sees it, in Triton as here. */
  private static Signature signature(Artifact artifact) throws RepositoryException {
    String name = artifact.folder().name();
    ProviderChain chain = ProviderChain.ofThisMachine(List.of(ExecutionProvider.CPU), false);
    try (OnnxBackend backend = OnnxBackend.load(name, artifact.model(), 1, chain)) {
      return backend.signature();
    } catch (BackendException e) {
      throw new RepositoryException(
          Reason.MODEL_INVALID,
          "model '%s' is not usable: ONNX Runtime cannot load it: %s"
              .formatted(name, e.getMessage()),
          e);
    } catch (NoAcceleratorException e) {
      throw new IllegalStateException("the CPU was allowed", e);
    }
  }
}
