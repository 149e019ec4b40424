package dev.hone.operator.it;

import static dev.hone.operator.it.FaultyApi.Fault.DEATH;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.operator.it.FaultyApi.Fault;
import dev.hone.testing.apiserver.ApiServer;
import dev.hone.testing.apiserver.WithApiServer;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The long form of {@link FaultIT}, which {@code make chaos} runs. */
@WithApiServer
class Chaos {

  private static String token = "";

  @BeforeAll
  static void makeServiceAccount(ApiServer server) {
    token = FaultStage.token(server);
  }

  static Stream<Arguments> everyFaultOfEveryKind() {
    return EnumSet.complementOf(EnumSet.of(DEATH)).stream()
        .flatMap(fault -> FaultIT.KINDS.stream().sorted().map(kind -> Arguments.of(kind, fault)));
  }

  /** Three in a row, so that retries meet the fault too. */
  @ParameterizedTest
  @MethodSource("everyFaultOfEveryKind")
  void threeWritesOfAKindFail(String kind, Fault fault, ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      AtomicInteger met = new AtomicInteger();
      stage.api.plan(call -> call.what().equals(kind) && met.incrementAndGet() <= 3 ? fault : null);
      FaultIT.live(stage);
      assertThat(met).hasPositiveValue();
    }
  }

  /** One life for each point between two writes, serving and both deletions included. */
  @Test
  void theOperatorDiesBetweenAnyTwoWrites(ApiServer server) {
    int points = 0;
    while (diesBefore(points, server)) {
      points++;
    }
    assertThat(points).isGreaterThanOrEqualTo(30);
  }

  private static boolean diesBefore(int write, ApiServer server) {
    try (FaultStage stage = new FaultStage(server, token, 0)) {
      stage.api.dieBefore(write);
      FaultIT.live(stage);
      return stage.died();
    }
  }
}
