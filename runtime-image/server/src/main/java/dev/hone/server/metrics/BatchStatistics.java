package dev.hone.server.metrics;

/** The runs of one size: joining their inputs, computing, and parting their outputs. */
public record BatchStatistics(Total computeInput, Total computeInfer, Total computeOutput) {

  /** Adds up, for any number of threads. */
  static final class Adder {
    private final Total.Adder input = new Total.Adder();
    private final Total.Adder infer = new Total.Adder();
    private final Total.Adder output = new Total.Adder();

    void add(long joinNanos, long ranNanos, long partNanos) {
      input.add(joinNanos);
      infer.add(ranNanos);
      output.add(partNanos);
    }

    BatchStatistics statistics() {
      return new BatchStatistics(input.total(), infer.total(), output.total());
    }
  }
}
