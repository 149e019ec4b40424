package dev.hone.operator.progress;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The machine's clock, moved by as much as a test says. */
public final class TestClock extends Clock {
  private volatile Duration offset;

  /** A clock that is ahead by as much. */
  public TestClock(Duration offset) {
    this.offset = offset;
  }

  /** Makes it ahead by as much. */
  public void moveTo(Duration newOffset) {
    offset = newOffset;
  }

  @Override
  public Instant instant() {
    return Instant.now().plus(offset);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException("only instants are asked for");
  }
}
