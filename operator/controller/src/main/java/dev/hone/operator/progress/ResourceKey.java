package dev.hone.operator.progress;

/** The resource that a report is about. */
public record ResourceKey(RunKind kind, String namespace, String name) {
  @Override
  public String toString() {
    return "%s %s/%s".formatted(kind.kind(), namespace, name);
  }
}
