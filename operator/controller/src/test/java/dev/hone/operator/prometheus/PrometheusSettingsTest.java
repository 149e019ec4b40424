package dev.hone.operator.prometheus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrometheusSettingsTest {

  private static PrometheusSettings settings(String url) {
    return PrometheusSettings.of(
        url, Optional.of(" "), Optional.empty(), Optional.of(""), Duration.ofSeconds(5));
  }

  @Test
  void takesAnAddressWithAPath() {
    assertThat(settings("https://thanos.monitoring.svc:9091/tenant/").url())
        .isEqualTo(URI.create("https://thanos.monitoring.svc:9091/tenant"));
    assertThat(settings("http://p:9090").bearerToken()).isEmpty();
    assertThat(settings("http://p:9090").namespaceLabel()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "prometheus:9090",
        "ftp://p",
        "http://",
        "http://u:p@host",
        "http://p?a=b",
        "http://p#x",
        "http://p x"
      })
  void refusesWhatIsNone(String url) {
    assertThatThrownBy(() -> settings(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("HONE_PROMETHEUS_URL is '" + url + "': write http://HOST:PORT or ");
  }
}
