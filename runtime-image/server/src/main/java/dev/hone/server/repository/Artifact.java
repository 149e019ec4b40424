package dev.hone.server.repository;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A model version whose files are what its manifest says.
 *
 * @param digest sha256 over the manifest, or empty for a bare model without one
 * @param tokenizer the artifact's tokenizer.json, where it has one
 * @param config the artifact's config.json, where it has one
 */
public record Artifact(
    ModelFolder folder,
    Optional<String> digest,
    Path model,
    Optional<Path> tokenizer,
    Optional<Path> config,
    Optional<Manifest.Task> task) {}
