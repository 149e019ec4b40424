package dev.hone.operator.resolve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Reason;
import dev.hone.api.common.Artifact;
import dev.hone.api.common.ModelSource;
import dev.hone.api.common.Progress;
import dev.hone.api.common.RunStatus;
import dev.hone.api.common.SourceKind;
import dev.hone.api.common.SourceReference;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelResolverTest {

  private static final String DIGEST = "sha256:" + "a".repeat(64);

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          Pending   | False | Unknown | 1 | ReferenceNotReady | waits for CompressionJob c to complete (now Pending)
          Running   | False | Unknown | 1 | ReferenceNotReady | waits for CompressionJob c to complete (now Running, 42%)
          Running   | False | Unknown | 2 | ReferenceNotReady | waits for CompressionJob c to complete
          Failed    | False | Unknown | 1 | ReferenceFailed   | waits for CompressionJob c, which failed: said so
          Rejected  | False | False   | 1 | ReferenceRejected | waits for CompressionJob c, whose result was rejected: judged so
          EvaluatingGate | False | Unknown | 1 | ReferenceNotReady | waits for CompressionJob c, whose gate is undecided: judged so
          Completed | True  | True    | 1 | Resolved          | takes the artifact of CompressionJob c, sha256:aaaaaaaaaaaa
          Completed | True  | True    | 2 | ReferenceNotReady | waits for CompressionJob c to complete
          Completed | True  | False   | 1 | ReferenceNotReady | waits for CompressionJob c to complete (now Completed)
          """)
  void everyStateOfASourceHasItsSentence(
      String state, String ready, String accepted, long generation, String reason, String message) {
    RunStatus status =
        RunStatus.empty().toBuilder()
            .conditions(
                List.of(
                    condition("Ready", ready, state, "said so"),
                    condition("Accepted", accepted, "Gate", "judged so")))
            .artifact(new Artifact("pvc://a/b", DIGEST, 1L, false))
            .progress(
                new Progress("Training", 42.4, null, null, null, null, null, null, null, null))
            .build();
    SourceReference reference = new SourceReference(SourceKind.COMPRESSION_JOB, "c");
    Resolution resolution =
        ModelResolver.resolve(
            "team",
            null,
            ModelSource.ofReference(SourceKind.COMPRESSION_JOB, "c"),
            asked -> Optional.of(new Source(reference, generation, status, List.of())));
    assertThat(resolution.reason().value()).isEqualTo(reason);
    assertThat(resolution.message()).isEqualTo(message);
    assertThat(resolution.isResolved()).isEqualTo(resolution.reason() == Reason.RESOLVED);
  }

  @Test
  void aSourceThatDoesNotExistIsSaidWithItsNamespace() {
    assertThat(
            ModelResolver.resolve(
                    "team",
                    null,
                    ModelSource.ofReference(SourceKind.FINE_TUNE_JOB, "late"),
                    asked -> Optional.empty())
                .message())
        .isEqualTo(
            "waits for FineTuneJob late, which does not exist in namespace team; create it, or correct"
                + " spec.model.from");
  }

  /** A chain of any length ends; the same chain with its end tied to its start does not. */
  @Property(tries = 100)
  void aChainIsACycleExactlyIfItsEndIsTiedToItsStart(
      @ForAll @IntRange(min = 1, max = 50) int length, @ForAll boolean tied) {
    Map<SourceReference, Source> sources = new HashMap<>();
    List<SourceReference> chain = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      chain.add(new SourceReference(SourceKind.COMPRESSION_JOB, "c" + i));
    }
    for (int i = 0; i < length; i++) {
      List<SourceReference> next =
          i + 1 < length ? List.of(chain.get(i + 1)) : tied ? List.of(chain.get(0)) : List.of();
      sources.put(chain.get(i), new Source(chain.get(i), 1, RunStatus.empty(), next));
    }
    SourceReference self = new SourceReference(SourceKind.COMPRESSION_JOB, "start");
    Resolution outside =
        ModelResolver.resolve(
            "team",
            self,
            ModelSource.ofReference(SourceKind.COMPRESSION_JOB, "c0"),
            reference -> Optional.ofNullable(sources.get(reference)));
    assertThat(outside.isCycle()).isEqualTo(tied);
    if (tied) {
      assertThat(outside.message())
          .contains("CompressionJob c0", "give one of them")
          .doesNotContain("start");
    }
  }

  private static Condition condition(String type, String status, String reason, String message) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withMessage(message)
        .withObservedGeneration(1L)
        .build();
  }
}
