package dev.hone.operator.engine;

/** Why an engine that nobody needs is deleted. */
public enum EvictionCause {
  /** Nobody has needed it for as long as an unused engine stays. */
  AGE("age", "nobody has needed it for longer than engines.unused.maxAge"),
  /** The unused engines of its volume are too many bytes, and it was needed longest ago. */
  SIZE("size", "the unused engines of its volume are larger than engines.unused.maxSize"),
  /** It was not built when its last user let go of it. */
  UNBUILT("unbuilt", "it is not built, and nobody needs it any more");

  private final String label;
  private final String sentence;

  EvictionCause(String label, String sentence) {
    this.label = label;
    this.sentence = sentence;
  }

  /** As metrics have it. */
  public String label() {
    return label;
  }

  String sentence() {
    return sentence;
  }
}
