package dev.hone.operator.prometheus;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Where a Prometheus is, or something that answers its queries.
 *
 * @param url its address, without {@code /api/v1} and without a slash at its end
 * @param bearerToken file with the token that it is shown; read anew for each query
 * @param authority file with the certificates of the authorities that its own may be of, in PEM;
 *     without one those that the JDK knows
 * @param namespaceLabel label by which a scrape says what namespace its target is in, which no
 *     target can say of itself; without one every target is believed
 * @param timeout how long a query may take, with its answer
 */
public record PrometheusSettings(
    URI url,
    Optional<Path> bearerToken,
    Optional<Path> authority,
    Optional<String> namespaceLabel,
    Duration timeout) {

  /**
   * The settings.
   *
   * @throws IllegalArgumentException with a sentence if the URL is none
   */
  public static PrometheusSettings of(
      String url,
      Optional<String> bearerToken,
      Optional<String> authority,
      Optional<String> namespaceLabel,
      Duration timeout) {
    return new PrometheusSettings(
        address(url.strip()),
        bearerToken.filter(file -> !file.isBlank()).map(Path::of),
        authority.filter(file -> !file.isBlank()).map(Path::of),
        namespaceLabel.filter(label -> !label.isBlank()),
        timeout);
  }

  /** A sentence about it, of which this is what follows its name. */
  String sentence(String half) {
    return "Prometheus at %s %s".formatted(url, half);
  }

  private static URI address(String text) {
    String wrong =
        "HONE_PROMETHEUS_URL is '%s': write http://HOST:PORT or https://HOST:PORT, a path behind it"
                .formatted(text)
            + " if there is one, and neither a user, a query nor a fragment";
    URI uri;
    try {
      uri = URI.create(text.replaceAll("/+$", ""));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(wrong, e);
    }
    boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    // What is in the address is told in decisions, which many may read.
    boolean more =
        uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null;
    if (!http || uri.getHost() == null || more) {
      throw new IllegalArgumentException(wrong);
    }
    return uri;
  }
}
