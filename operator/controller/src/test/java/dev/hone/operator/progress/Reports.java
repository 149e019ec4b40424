package dev.hone.operator.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Instant;

/** What pods send, and what they are told. */
public final class Reports {
  private Reports() {}

  /** A progress report of now. */
  public static String progress(String hash, double percent) {
    return """
        {"contractVersion":"v1","hash":"%s","phase":"Training","percent":%s,\
        "step":34,"totalSteps":80,"loss":0.31,"time":"%s"}"""
        .formatted(hash, percent, Instant.now());
  }

  /** A result whose artifact has a digest of nothing but that digit. */
  public static String result(String hash, String digit) {
    return """
        {"contractVersion":"v1","hash":"%s","reused":false,"metrics":{},"lineage":[],"phases":[],\
        "artifact":{"uri":"pvc://a/b","digest":"sha256:%s","sizeBytes":1}}"""
        .formatted(hash, digit.repeat(64));
  }

  /** The report was refused with that status, in a sentence that holds that part. */
  public static void assertRefused(HttpResponse<String> answer, int status, String part) {
    assertThat(answer.body()).contains(part).startsWith("{\"error\":");
    assertThat(answer.statusCode()).isEqualTo(status);
  }
}
