package dev.hone.server.router;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.hone.server.testing.Client;
import dev.hone.server.testing.Client.Answer;
import dev.hone.server.tracing.Tracing;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Golden sets over HTTP, before versions that are servers of their own. */
@Timeout(60)
class GoldenCheckTest {
  @TempDir Path folder;
  @AutoClose private final Running running = new Running();
  private final ControlPki pki;

  GoldenCheckTest() throws Exception {
    pki = new ControlPki();
  }

  private Version version(Version version) {
    return running.add(version);
  }

  private Client router(Version stable, Version candidate) throws Exception {
    return router(stable, candidate, null);
  }

  private Client router(Version stable, Version candidate, @Nullable Version reference)
      throws Exception {
    Routing routing =
        new Routing(
            "r1",
            stable.backend(),
            candidate.backend(),
            reference == null ? null : reference.backend(),
            0,
            0,
            0,
            5000,
            null);
    Router router =
        Router.start(
            AnyPorts.settings(
                Optional.of(Files.write(folder.resolve("routing.json"), routing.document())),
                Optional.of(pki.write(folder)),
                AnyPorts.MAX_BODY,
                100),
            Tracing.OFF);
    running.add(router);
    return pki.operator(router);
  }

  private static Answer put(Client router, String document) {
    return router.send(
        router.request("/golden-set").PUT(HttpRequest.BodyPublishers.ofString(document)));
  }

  /** Sends a set that is taken, and gives what it shows in the end. */
  private static JsonNode check(Client router, String document, Predicate<JsonNode> more) {
    Answer taken = put(router, document);
    assertThat(taken.status()).as(taken.body()).isEqualTo(204);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      JsonNode found = router.get("/statistics").json().path("goldenSet");
      if (found.path("done").asBoolean() && more.test(found)) {
        return found;
      }
      assertThat(System.nanoTime()).as(found.toString()).isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
    }
  }

  private static String set(String digest, String... requests) {
    return "{\"revision\": \"r1\", \"digest\": \"%s\", \"model\": \"m\", \"requests\": [%s]}"
        .formatted(digest, String.join(", ", requests));
  }

  private static String asked(String body) {
    return "{\"body\": {\"inputs\": [\"%s\"]}}".formatted(body);
  }

  private static String recorded(String body, String answer) {
    return "{\"body\": {\"inputs\": [\"%s\"]}, \"expected\": %s}".formatted(body, answer);
  }

  @Test
  void asksTheStableVersionWhereNoAnswerIsRecorded() throws Exception {
    Version stable = version(Version.of(3, 1));
    Version candidate =
        version(
            Version.answering(
                (request, body) -> {
                  assertThat(request.path()).isEqualTo("/v2/models/m/infer");
                  request
                      .response()
                      .end(
                          body.toString().contains("second")
                              ? Version.answer(1, 3.5)
                              : Version.answer(3, 1.25));
                }));
    Client router = router(stable, candidate);
    JsonNode found =
        check(router, set("d1", asked("first"), asked("second"), asked("third")), done -> true);
    assertThat(found.path("digest").asText()).isEqualTo("d1");
    assertThat(found.path("requests").asInt()).isEqualTo(3);
    assertThat(found.path("compared").asInt()).isEqualTo(3);
    assertThat(found.path("firstFailure").isNull()).isTrue();
    JsonNode logits = found.path("outputs").path("logits");
    assertThat(logits.path("rows").asInt()).isEqualTo(3);
    assertThat(logits.path("sameTop").asInt()).isEqualTo(2);
    assertThat(logits.path("otherTopRequest").asInt()).isEqualTo(2);
    assertThat(logits.path("maxAbs").asDouble()).isEqualTo(2.5);
    assertThat(logits.path("maxAbsRequest").asInt()).isEqualTo(2);
    assertThat(stable.requests()).isEqualTo(3);
    JsonNode counted = router.get("/statistics").json();
    assertThat(counted.path("candidate").path("requests").asInt()).isZero();
    assertThat(counted.path("comparisons").path("samples").asInt()).isZero();

    // The same set is not run again; another one is.
    put(router, set("d1", asked("first")));
    assertThat(stable.requests()).isEqualTo(3);
    check(router, set("d2", asked("second")), next -> next.path("digest").asText().equals("d2"));
    assertThat(stable.requests()).isEqualTo(4);
  }

  @Test
  void aRecordedAnswerIsRightWhateverTheStableVersionSays() throws Exception {
    Version stable = version(Version.of(0, 9));
    Client router = router(stable, version(Version.of(3, 1)));
    JsonNode found =
        check(
            router,
            set(
                "d",
                recorded("a", Version.answer(3, 1)),
                recorded("b", Version.answer(3, 1).replace("[1, 2]", "[2, 1]"))),
            done -> true);
    assertThat(stable.requests()).isZero();
    assertThat(found.path("compared").asInt()).isEqualTo(2);
    assertThat(found.path("unlike").asInt()).isEqualTo(1);
    assertThat(found.path("firstFailure").asText())
        .isEqualTo("request 2: output logits has shape [2, 1], and the candidate's [1, 2]");
    assertThat(found.path("outputs").path("logits").path("maxAbs").asDouble()).isZero();
  }

  @Test
  void aReferenceIsAskedInPlaceOfTheStableVersion() throws Exception {
    Version stable = version(Version.of(0, 9));
    Version reference = version(Version.of(3, 2));
    Client router = router(stable, version(Version.of(3, 1)), reference);
    JsonNode found = check(router, set("d", asked("a")), done -> true);
    assertThat(stable.requests()).isZero();
    assertThat(found.path("outputs").path("logits").path("maxAbs").asDouble()).isEqualTo(1);
    reference.stop();
    found = check(router, set("d2", asked("a")), next -> next.path("digest").asText().equals("d2"));
    assertThat(found.path("undecided").asText())
        .startsWith("request 1: the reference gives no answer: ");
  }

  @Test
  void tellsErrorsAndValuesThatAreNoNumber() throws Exception {
    Version candidate =
        version(
            Version.answering(
                (request, body) -> {
                  if (body.toString().contains("bad")) {
                    request.response().setStatusCode(500).end("{\"error\": \"out of memory\"}");
                  } else {
                    request.response().end(Version.answer(Double.NaN, 1));
                  }
                }));
    Client router = router(version(Version.of(3, 1)), candidate);
    JsonNode found = check(router, set("d", asked("x"), asked("bad")), done -> true);
    assertThat(found.path("nan").asInt()).isEqualTo(1);
    assertThat(found.path("errors").asInt()).isEqualTo(1);
    assertThat(found.path("firstFailure").asText())
        .isEqualTo("request 1: logits holds a value that is not a number");
    found =
        check(router, set("d2", asked("bad")), next -> next.path("digest").asText().equals("d2"));
    assertThat(found.path("firstFailure").asText())
        .isEqualTo("request 1: the candidate answers 500: out of memory");
  }

  @Test
  void aSetThatTheStableVersionCannotAnswerTellsNothingAndMayBeSentAgain() throws Exception {
    AtomicBoolean fails = new AtomicBoolean(true);
    Version stable =
        version(
            Version.answering(
                request ->
                    request
                        .response()
                        .setStatusCode(fails.get() ? 400 : 200)
                        .end(fails.get() ? "{\"error\": \"no input x\"}" : Version.answer(3, 1))));
    Client router = router(stable, version(Version.of(3, 1)));
    JsonNode found = check(router, set("d", asked("x")), done -> true);
    assertThat(found.path("undecided").asText())
        .isEqualTo("request 1: the stable version answers 400: no input x");
    fails.set(false);
    found = check(router, set("d", asked("x")), next -> next.path("undecided").isNull());
    assertThat(found.path("compared").asInt()).isEqualTo(1);
  }

  @Test
  void aCandidateThatIsNotThereFails() throws Exception {
    Version candidate = version(Version.of(3, 1));
    Client router = router(version(Version.of(3, 1)), candidate);
    candidate.stop();
    JsonNode found = check(router, set("d", asked("x")), done -> true);
    assertThat(found.path("firstFailure").asText())
        .startsWith("request 1: the candidate gives no answer: ");
  }

  @Test
  void saysWhyASetIsNotTaken() throws Exception {
    Client router = router(version(Version.of(3, 1)), version(Version.of(3, 1)));
    assertThat(put(router, set("d", asked("x")).replace("r1", "r2")).error())
        .startsWith("r2 is not the revision of a configuration with a candidate");
    assertThat(put(router, set("d")).error()).startsWith("requests is missing: write ");
    assertThat(put(router, set("d", "{}")).error()).startsWith("request 1 has no body");
    assertThat(put(router, set("d", recorded("x", "{\"outputs\": [{\"name\": \"y\"}]}"))).error())
        .isEqualTo(
            "the answer that request 1 expects cannot be read: output y has no known datatype");
    assertThat(put(router, "[").error()).startsWith("the golden set is no JSON");
    assertThat(router.get("/golden-set").status()).isEqualTo(405);
  }
}
