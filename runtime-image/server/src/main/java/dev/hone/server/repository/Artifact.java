package dev.hone.server.repository;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A model version whose files are what its manifest says.
 *
 * @param digest sha256 over the manifest, or empty for a bare model without one
 * @param files everything of it that is verified, its manifest included; of a bare model its ONNX
 *     file and the weights that this names
 * @param tokenizer the artifact's tokenizer.json, where it has one
 * @param config the artifact's config.json, where it has one
 */
public record Artifact(
    ModelFolder folder,
    Optional<String> digest,
    Path model,
    List<Path> files,
    Optional<Path> tokenizer,
    Optional<Path> config,
    Optional<Manifest.Task> task) {

  public Artifact {
    files = List.copyOf(files);
  }
}
