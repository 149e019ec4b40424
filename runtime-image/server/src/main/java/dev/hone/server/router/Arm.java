package dev.hone.server.router;

import java.util.Locale;

/** One of the two versions that requests go to. */
enum Arm {
  STABLE,
  CANDIDATE;

  /** As it is spelled in documents, metrics and headers. */
  String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  Arm other() {
    return this == STABLE ? CANDIDATE : STABLE;
  }
}
