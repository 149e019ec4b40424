package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutingTest {
  private static final String STABLE =
      "'revision': 'a', 'stable': {'rest': 'http://s:8000', 'grpc': 'http://s:8001'}";

  private static Routing parse(String text) {
    return Routing.parse(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void readsWhatItWrites() {
    Routing routing =
        new Routing(
            "a",
            new Backend(URI.create("http://s:1"), URI.create("http://s:2")),
            new Backend(URI.create("http://c:1"), URI.create("http://c:2")),
            new Backend(URI.create("http://r:1"), URI.create("http://r:2")),
            25,
            0.1,
            50,
            1000,
            "v.team.svc");
    assertThat(Routing.parse(routing.document())).isEqualTo(routing);
  }

  @Test
  void needsNoMoreThanAStableVersion() {
    Routing routing = parse("{" + STABLE + "}");
    assertThat(routing.weight()).isZero();
    assertThat(routing.candidate()).isNull();
    assertThat(routing.backend(Arm.CANDIDATE)).isEqualTo(routing.stable());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "[1]|the configuration is no JSON object: write one",
        "{|the configuration is no JSON: write one object",
        "{'revision': 'a'}|stable is missing: write stable: {rest: http://HOST:PORT, grpc:"
            + " http://HOST:PORT}",
        "{STABLE, 'weight': 5}|weight and shadowShare need a candidate: write candidate: {rest,"
            + " grpc}, or make them 0",
        "{STABLE, 'weight': 101}|weight is 101: write a number from 0 to 100",
        "{STABLE, 'wieght': 5}|wieght is no field of the configuration: use candidate, reference,"
            + " revision, serverName, shadowShare, stable, timeoutMillis, untimedCopies, weight",
        "{STABLE, 'untimedCopies': -1}|untimedCopies is -1: write a number from 0 to 1000000",
        "{STABLE, 'candidate': {'rest': 'c:8000', 'grpc': 'http://c:1'}}|candidate.rest is"
            + " 'c:8000': write http://HOST:PORT or https://HOST:PORT, without a path",
        "{'revision': 'a', 'stable': {'rest': 'https://s:1', 'grpc': 'http://s:2'}}|serverName is"
            + " missing: write the name that the certificates of versions are for, or http:// in"
            + " their addresses",
      })
  void saysWhatToWriteInstead(String document, String sentence) {
    assertThatThrownBy(() -> parse(document.replace("STABLE", STABLE)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(sentence);
  }

  @Test
  void readsItsSettings() {
    RouterSettings settings =
        RouterSettings.of(Map.of("HONE_HTTP_PORT", "9000", "HONE_DRAIN_SECONDS", " 7 "));
    assertThat(settings.httpPort()).isEqualTo(9000);
    assertThat(settings.drainSeconds()).isEqualTo(7);
    assertThat(settings.adminPort()).isEqualTo(8002);
    assertThatThrownBy(() -> RouterSettings.of(Map.of("HONE_GRPC_PORT", "many")))
        .hasMessage("HONE_GRPC_PORT is 'many': write a whole number from 0 to 65535");
  }
}
