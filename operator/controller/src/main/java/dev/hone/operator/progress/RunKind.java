package dev.hone.operator.progress;

import dev.hone.api.HoneApi;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.Arrays;
import java.util.Optional;

/** The kinds whose pods report. */
public enum RunKind {
  FINE_TUNE_JOB(FineTuneJob.KIND, FineTuneJob.PLURAL),
  COMPRESSION_JOB(CompressionJob.KIND, CompressionJob.PLURAL);

  private final String kind;
  private final String plural;

  RunKind(String kind, String plural) {
    this.kind = kind;
    this.plural = plural;
  }

  /** The kind as it stands in a manifest. */
  public String kind() {
    return kind;
  }

  /** The kind as it stands in a URL. */
  public String plural() {
    return plural;
  }

  /** The kind of the given plural, if its pods report. */
  public static Optional<RunKind> ofPlural(String plural) {
    return Arrays.stream(values()).filter(kind -> kind.plural.equals(plural)).findFirst();
  }

  /** How a client reaches resources of the kind. */
  public ResourceDefinitionContext context() {
    return new ResourceDefinitionContext.Builder()
        .withGroup(HoneApi.GROUP)
        .withVersion(HoneApi.VERSION)
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }
}
