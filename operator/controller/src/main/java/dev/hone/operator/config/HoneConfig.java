package dev.hone.operator.config;

import dev.hone.api.common.PodResources;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;

/**
 * Everything the operator is told by its environment. The chart sets these as {@code HONE_…}
 * variables.
 */
@ConfigMapping(prefix = "hone")
public interface HoneConfig {

  /** Image of the pods that train and compress ({@code HONE_TRAINER_IMAGE}). */
  String trainerImage();

  /**
   * Image of the pods that write LiteRT files ({@code HONE_TRAINER_LITE_RT_IMAGE}); empty where
   * such jobs are refused.
   */
  Optional<String> trainerLiteRtImage();

  /** Image of the pods that serve ({@code HONE_SERVER_IMAGE}). */
  String serverImage();

  /** Image of the pods that serve by NVIDIA Triton Inference Server ({@code HONE_TRITON_IMAGE}). */
  @WithDefault("nvcr.io/nvidia/tritonserver:25.11-py3")
  String tritonImage();

  /** Pull policy of all images ({@code HONE_IMAGE_PULL_POLICY}). */
  @WithDefault("IfNotPresent")
  String imagePullPolicy();

  /**
   * Extended resource that GPUs are asked for by where a spec names none ({@code
   * HONE_GPU_RESOURCE}).
   */
  @WithDefault(PodResources.DEFAULT_GPU_RESOURCE)
  String gpuResource();

  /** Namespace that the operator runs in ({@code HONE_OPERATOR_NAMESPACE}, by downward API). */
  @WithDefault("hone-system")
  String operatorNamespace();

  /**
   * Where pods report to ({@code HONE_REPORT_URL}); {@link #effectiveReportUrl} knows the default.
   */
  Optional<String> reportUrl();

  /** Namespaces to watch ({@code HONE_WATCH_NAMESPACES}, comma-separated); empty means all. */
  Optional<Set<String>> watchNamespaces();

  /**
   * Whether the operator works everywhere; otherwise it has Roles only, and nothing cluster-wide.
   */
  default boolean watchesAllNamespaces() {
    return watchNamespaces().stream().flatMap(Set::stream).allMatch(String::isBlank);
  }

  /**
   * How many progress writes per second all replicas together may send to the API server ({@code
   * HONE_STATUS_WRITES_PER_SECOND}).
   */
  @WithDefault("20")
  int statusWritesPerSecond();

  /**
   * How many replicas of the operator there are ({@code HONE_REPLICAS}); each takes an equal share
   * of the write budget.
   */
  @WithDefault("1")
  int replicas();

  /** URL of the report endpoint, without a path and without a slash at its end. */
  default String effectiveReportUrl() {
    return reportUrl()
        .filter(url -> !url.isBlank())
        .map(url -> url.replaceAll("/+$", ""))
        .orElseGet(() -> "https://hone-operator." + operatorNamespace() + ".svc:8443");
  }

  /** What the server's image builds and loads engines with. */
  Engines engines();

  /** The report endpoint. */
  Report report();

  /** The certificates of the report endpoint. */
  Tls tls();

  /** Leader election. */
  Leader leader();

  /** Where the figures of rollouts come from, other than from the routers. */
  Prometheus prometheus();

  /** What the server's image builds and loads engines with; part of the key of each. */
  interface Engines {
    /** Version of ONNX Runtime ({@code HONE_ENGINES_ONNX_RUNTIME}). */
    @WithDefault("1.29.0")
    String onnxRuntime();

    /** Version of TensorRT ({@code HONE_ENGINES_TENSOR_RT}). */
    @WithDefault("10")
    String tensorRt();

    /** What becomes of engines that nobody needs. */
    Unused unused();

    /** What becomes of engines that nobody needs. */
    interface Unused {
      /**
       * How long one stays ({@code HONE_ENGINES_UNUSED_MAX_AGE}, for example {@code 720h}); empty
       * for ever.
       */
      Optional<Duration> maxAge();

      /**
       * How much all of them may take on one claim ({@code HONE_ENGINES_UNUSED_MAX_SIZE}, for
       * example {@code 50Gi}); empty for any amount.
       */
      Optional<String> maxSize();
    }
  }

  /** The report endpoint. */
  interface Report {
    /** Port of the HTTPS server; 0 takes a free one ({@code HONE_REPORT_PORT}). */
    @WithDefault("8443")
    int port();

    /** How many reports are handled at once; more are told to come back ({@code 429}). */
    @WithDefault("64")
    int concurrency();

    /** How long the answer to a token review is used again. */
    @WithDefault("10s")
    Duration tokenCache();

    /** How long requests may take to finish when the operator stops. */
    @WithDefault("10s")
    Duration drain();
  }

  /** The certificates of the report endpoint. */
  interface Tls {
    /** Validity of a serving certificate. */
    @WithDefault("90d")
    Duration validity();

    /** A certificate that ends sooner than this is issued again. */
    @WithDefault("30d")
    Duration renewBefore();

    /** How often the shared certificate is looked at. */
    @WithDefault("1m")
    Duration checkEvery();
  }

  /** Leader election. */
  interface Leader {
    /** Whether replicas elect a leader; off only for a single local process. */
    @WithDefault("true")
    boolean election();

    /** How long a lease that is not renewed stays valid. */
    @WithDefault("15s")
    Duration leaseDuration();

    /** How long the leader tries to renew before it gives up. */
    @WithDefault("10s")
    Duration renewDeadline();

    /** How often the lease is renewed or asked for. */
    @WithDefault("2s")
    Duration retryPeriod();
  }

  /** A Prometheus that scrapes the routers. */
  interface Prometheus {
    /** Its URL ({@code HONE_PROMETHEUS_URL}); empty: the routers are asked themselves. */
    Optional<String> url();

    /** File with the token that it is shown ({@code HONE_PROMETHEUS_BEARER_TOKEN_FILE}). */
    Optional<String> bearerTokenFile();

    /**
     * File with the authorities of its certificate in PEM ({@code HONE_PROMETHEUS_CA_FILE}); empty:
     * those that the JDK knows.
     */
    Optional<String> caFile();

    /**
     * Label by which its scrapes say what namespace a target is in ({@code
     * HONE_PROMETHEUS_NAMESPACE_LABEL}); empty: every target is believed.
     */
    Optional<String> namespaceLabel();

    /** How long a query may take ({@code HONE_PROMETHEUS_TIMEOUT}). */
    @WithDefault("5s")
    Duration timeout();
  }
}
