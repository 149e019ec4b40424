package dev.hone.server.router;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Sends the requests of a golden set to the candidate, one after the other, and compares its
 * answers with those that are expected. No client waits for it.
 */
final class GoldenCheck implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A sentence of a status should not hold a page of somebody's HTML. */
  private static final int MOST_WORDS = 200;

  private final HttpClient client;
  private final ActiveRouting active;
  private final long retryMillis;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("golden-set").daemon().factory());

  GoldenCheck(HttpClient client, ActiveRouting active, long retryMillis) {
    this.client = client;
    this.active = active;
    this.retryMillis = retryMillis;
  }

  /**
   * Starts with a set. One that is on its way, or has told something, is left alone.
   *
   * @throws IllegalArgumentException with a sentence if it is not about the configuration in force
   */
  void start(GoldenSet set) {
    ActiveRouting.State state =
        active
            .get()
            .filter(found -> found.routing().revision().equals(set.revision()))
            .filter(found -> found.routing().candidate() != null)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "%s is not the revision of a configuration with a candidate: send that first"
                            .formatted(set.revision())));
    Statistics statistics = state.statistics();
    synchronized (statistics) {
      if (statistics.golden().filter(found -> found.stands(set.digest())).isPresent()) {
        return;
      }
      GoldenStatistics golden = new GoldenStatistics(set.digest(), set.requests().size());
      statistics.golden(golden);
      thread.execute(() -> run(state, set, golden));
    }
  }

  private void run(ActiveRouting.State state, GoldenSet set, GoldenStatistics golden) {
    Backend reference = state.routing().reference();
    Backend right = reference == null ? state.routing().backend(Arm.STABLE) : reference;
    Backend candidate = state.routing().backend(Arm.CANDIDATE);
    int number = 0;
    try {
      for (GoldenSet.Entry entry : set.requests()) {
        number++;
        if (!isWanted(state, golden)) {
          return;
        }
        VersionCall call = call(set.model(), entry, state.routing());
        Map<String, Output> wanted;
        try {
          wanted = entry.expected().isPresent() ? entry.expected().get() : outputs(call, right);
        } catch (NoAnswer e) {
          golden.undecided(
              number,
              (reference == null ? "the stable version " : "the reference ") + e.sentence());
          return;
        }
        try {
          golden.add(number, Comparison.of(wanted, outputs(call, candidate)));
        } catch (NoAnswer e) {
          golden.fail(number, "the candidate " + e.sentence());
        }
      }
      golden.finish();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether neither another configuration nor another set has come. */
  private boolean isWanted(ActiveRouting.State state, GoldenStatistics golden) {
    return active.get().filter(now -> now.statistics() == state.statistics()).isPresent()
        && state.statistics().golden().filter(now -> now == golden).isPresent();
  }

  private static VersionCall call(String model, GoldenSet.Entry entry, Routing routing) {
    return new VersionCall(
        HttpMethod.POST,
        "/v2/models/" + model + "/infer",
        MultiMap.caseInsensitiveMultiMap().set("content-type", "application/json"),
        entry.body(),
        routing.timeoutMillis(),
        routing.serverName());
  }

  private Map<String, Output> outputs(VersionCall call, Backend backend)
      throws NoAnswer, InterruptedException {
    VersionAnswer answer = send(call, backend.rest());
    if (!answer.isGood()) {
      throw new NoAnswer("answers %d: %s".formatted(answer.status(), words(answer)));
    }
    try {
      return answer.outputs();
    } catch (IOException | RuntimeException e) {
      throw new NoAnswer("gives an answer that cannot be read: " + e.getMessage());
    }
  }

  /** Sends a request, and sends it again where the connection is lost. */
  private VersionAnswer send(VersionCall call, URI address) throws NoAnswer, InterruptedException {
    // Nobody steps in for either version here, so both are tried as long as the stable one.
    Tries tries = new Tries(Arm.STABLE, retryMillis);
    while (true) {
      try {
        return call.send(client, address, sending -> {})
            .toCompletionStage()
            .toCompletableFuture()
            .get();
      } catch (ExecutionException e) {
        Throwable failure = Optional.ofNullable(e.getCause()).orElse(e);
        OptionalLong pause = tries.next(failure);
        if (pause.isEmpty()) {
          throw new NoAnswer(
              Tries.isTimeout(failure)
                  ? "gives no answer within %d ms".formatted(call.timeoutMillis())
                  : "gives no answer: " + Tries.words(failure));
        }
        TimeUnit.MILLISECONDS.sleep(pause.getAsLong());
      }
    }
  }

  private static String words(VersionAnswer answer) {
    String text = answer.body().toString();
    try {
      JsonNode error = JSON.readTree(text).path("error");
      text = error.isTextual() ? error.textValue() : text;
    } catch (IOException e) {
      // Then it is told as it stands.
    }
    return text.length() <= MOST_WORDS ? text : text.substring(0, MOST_WORDS) + "…";
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  /** A version that gave no answer that could be compared. */
  private static final class NoAnswer extends Exception {
    private static final long serialVersionUID = 1;

    NoAnswer(String sentence) {
      super(sentence);
    }

    String sentence() {
      return String.valueOf(getMessage());
    }
  }
}
