package dev.hone.server.engine;

import java.nio.file.Path;

/**
 * An engine whose files are what its manifest says.
 *
 * @param folder its folder
 * @param manifest its manifest
 * @param digest digest of the manifest
 */
public record Engine(Path folder, EngineManifest manifest, String digest) {

  /** The file to load. */
  public Path model() {
    return folder.resolve(manifest.model());
  }
}
