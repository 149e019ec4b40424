package dev.hone.testing.apiserver;

/** A namespace that one test alone uses. */
public record TestNamespace(String name) {

  @Override
  public String toString() {
    return name;
  }
}
