package dev.hone.operator.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/** Everything that the chart sets on the operator, as environment variables {@code HONE_…}. */
@ConfigMapping(prefix = "hone")
public interface HoneConfig {

  /** Image of the pods that fine-tune and compress. */
  @WithDefault("localhost/hone-trainer:latest")
  String trainerImage();

  /** Image of the pods that serve. */
  @WithDefault("localhost/hone-server:latest")
  String serverImage();

  /** Pull policy of both images. */
  @WithDefault("IfNotPresent")
  String imagePullPolicy();

  /** Where pods report to; without a value it is the operator's own Service. */
  Optional<String> reportUrl();

  /** Namespace that the operator runs in. */
  @WithDefault("hone-system")
  String operatorNamespace();

  /** Namespaces that are watched; empty means all. */
  Optional<List<String>> watchNamespaces();

  /** Budget of status writes of the whole operator, shared by all running jobs. */
  @WithDefault("20")
  int statusWritesPerSecond();

  /** The address that pods report to. */
  default String effectiveReportUrl() {
    return reportUrl()
        .filter(url -> !url.isBlank())
        .orElseGet(() -> "https://hone-operator." + operatorNamespace() + ".svc:8443");
  }
}
