package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class InFlightTest {
  private final InFlight inFlight = new InFlight();

  @Test
  void waitsForNothingWhereThereIsNone() throws InterruptedException {
    assertThat(inFlight.awaitNone(0, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void givesUpWhenTheTimeIsOver() throws InterruptedException {
    inFlight.begin();
    assertThat(inFlight.awaitNone(10, TimeUnit.MILLISECONDS)).isFalse();
  }

  @Test
  void isDoneWithTheLastAnswer() throws Exception {
    inFlight.begin();
    inFlight.begin();
    CompletableFuture<Boolean> waiting =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return inFlight.awaitNone(25, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
            });
    inFlight.end();
    assertThat(waiting).isNotDone();
    inFlight.end();
    assertThat(waiting.get()).isTrue();
  }
}
