package dev.hone.server.router;

import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Decides whether a request is sent once more after a connection failed, and when. */
final class Tries {
  private static final long FIRST_PAUSE_MILLIS = 10;
  private static final long LONGEST_PAUSE_MILLIS = 500;
  private static final int LARGEST_SHIFT = 10;

  /** A candidate gets a second connection; after that the stable version answers. */
  private static final int OF_THE_CANDIDATE = 2;

  private final Arm arm;
  private final long mostMillis;
  private final long begun = System.nanoTime();
  private int number = 1;

  Tries(Arm arm, long mostMillis) {
    this.arm = arm;
    this.mostMillis = mostMillis;
  }

  /** Whether the version took too long: another try would take as long again. */
  static boolean isTimeout(Throwable failure) {
    return failure instanceof TimeoutException;
  }

  /** What is said of a failure: of one of TLS the cause, which alone tells anything. */
  static String words(Throwable failure) {
    Throwable told =
        failure instanceof SSLException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return String.valueOf(told.getMessage());
  }

  /** The pause before the next try in milliseconds; empty if there is none. */
  OptionalLong next(Throwable failure) {
    long pause =
        Math.min(FIRST_PAUSE_MILLIS << Math.min(number - 1, LARGEST_SHIFT), LONGEST_PAUSE_MILLIS);
    boolean again =
        arm == Arm.CANDIDATE ? number < OF_THE_CANDIDATE : elapsedMillis() + pause <= mostMillis;
    if (!again || isTimeout(failure)) {
      return OptionalLong.empty();
    }
    number++;
    return OptionalLong.of(pause);
  }

  /** Which try the next one is, from 1. */
  int number() {
    return number;
  }

  /** Time since the first try. */
  long elapsedMillis() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
  }
}
