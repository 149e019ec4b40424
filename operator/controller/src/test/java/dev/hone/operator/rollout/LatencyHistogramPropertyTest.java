package dev.hone.operator.rollout;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class LatencyHistogramPropertyTest {

  private static LatencyHistogram of(List<Integer> micros) {
    Map<Long, Long> counts =
        micros.stream().collect(Collectors.groupingBy(Integer::longValue, Collectors.counting()));
    return new LatencyHistogram(counts);
  }

  @Property
  void aQuantileIsOneOfTheValues(
      @ForAll @Size(min = 1, max = 400) List<@IntRange(min = 1, max = 100_000) Integer> micros,
      @ForAll @DoubleRange(min = 0, max = 1) double share) {
    List<Integer> sorted = micros.stream().sorted(Comparator.naturalOrder()).toList();
    int rank = (int) Math.max(1, Math.ceil(share * sorted.size()));
    assertThat(of(micros).quantile(share)).isEqualTo(sorted.get(rank - 1) / 1000.0);
  }

  @Property
  void theBoundsEncloseTheQuantile(
      @ForAll @Size(min = 1, max = 400) List<@IntRange(min = 1, max = 100_000) Integer> micros,
      @ForAll @DoubleRange(min = 0, max = 1) double share) {
    LatencyHistogram histogram = of(micros);
    assertThat(histogram.atLeast(share)).isLessThanOrEqualTo(histogram.quantile(share));
    assertThat(histogram.atMost(share)).isGreaterThanOrEqualTo(histogram.quantile(share));
  }

  @Property
  void aSumIsWhatOneWouldHaveCounted(
      @ForAll @Size(max = 100) List<@IntRange(min = 1, max = 1000) Integer> one,
      @ForAll @Size(max = 100) List<@IntRange(min = 1, max = 1000) Integer> other) {
    List<Integer> both = Stream.concat(one.stream(), other.stream()).toList();
    assertThat(LatencyHistogram.sum(List.of(of(one), of(other)))).isEqualTo(of(both));
  }
}
