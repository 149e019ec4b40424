package dev.hone.server.repository;

import java.nio.file.Path;

/** One version of one model in the repository: {@code <root>/<name>/<version>/}. */
public record ModelFolder(String name, String version, Path path) {}
