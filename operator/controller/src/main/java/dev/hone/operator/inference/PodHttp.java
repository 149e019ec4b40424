package dev.hone.operator.inference;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * Asks pods over HTTP, at their addresses; a pod that gives no answer is none that is waited for.
 */
final class PodHttp {
  private static final Logger LOG = Logger.getLogger(PodHttp.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(TIMEOUT).version(HttpClient.Version.HTTP_1_1).build();
  private final int port;

  PodHttp(int port) {
    this.port = port;
  }

  /** What a pod answers, whatever its status; empty if it has no address or gives no answer. */
  Optional<HttpResponse<String>> send(Pod pod, String path, HttpRequest.Builder request) {
    String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    if (ip == null) {
      return Optional.empty();
    }
    String host = ip.contains(":") ? "[" + ip + "]" : ip;
    URI uri = URI.create("http://" + host + ":" + port + path);
    try {
      return Optional.of(
          client.send(
              request.uri(uri).timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofString()));
    } catch (IOException e) {
      LOG.debugf(e, "%s gives no answer", uri);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.empty();
  }
}
