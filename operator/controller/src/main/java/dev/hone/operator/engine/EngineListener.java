package dev.hone.operator.engine;

/** Is told what becomes of engines, for example to count it. */
@FunctionalInterface
public interface EngineListener {

  /** An engine that nobody needs was deleted. */
  void evicted(EvictionCause cause);
}
