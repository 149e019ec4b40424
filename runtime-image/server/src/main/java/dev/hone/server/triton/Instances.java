package dev.hone.server.triton;

/** Where Triton is to run a model. */
public enum Instances {
  /** On the GPUs that it finds, or else on the CPU. */
  AUTO,
  /** On the GPUs, or not at all. */
  GPU,
  CPU
}
