package dev.hone.operator.progress.write;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.hone.operator.progress.ResourceKey;
import java.time.Duration;

/** Knows how many runs report at present, and how often each of them may. */
public final class Reporters {
  /** No run needs to report more often than a person looks. */
  public static final int MIN_INTERVAL_SECONDS = 2;

  /** A run counts until it has missed so many of its reports. */
  private static final int MISSED = 3;

  private static final int MAX_REPORTERS = 100_000;

  private final double writesPerSecond;
  private final Cache<ResourceKey, Integer> intervals;

  /** Shares a number of writes per second out to whoever reports. */
  public Reporters(double writesPerSecond, Ticker ticker) {
    this.writesPerSecond = writesPerSecond;
    this.intervals =
        Caffeine.newBuilder()
            .ticker(ticker)
            .maximumSize(MAX_REPORTERS)
            .expireAfter(
                Expiry.<ResourceKey, Integer>writing(
                    (key, seconds) -> Duration.ofSeconds((long) MISSED * seconds)))
            .build();
  }

  /** Counts a run that has just reported; answers how many seconds it is to wait. */
  public int seen(ResourceKey run) {
    intervals.put(run, MIN_INTERVAL_SECONDS);
    int interval = Math.max(MIN_INTERVAL_SECONDS, (int) Math.ceil(count() / writesPerSecond));
    intervals.put(run, interval);
    return interval;
  }

  /** Forgets a run that has ended. */
  public void ended(ResourceKey run) {
    intervals.invalidate(run);
  }

  /** How many runs report at present. */
  public long count() {
    intervals.cleanUp();
    return intervals.estimatedSize();
  }
}
