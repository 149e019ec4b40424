package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What users get wrong, shown in real pods: each ends in one sentence that says what to write
 * instead.
 */
@ExtendWith(Lab.Provider.class)
class FailureIT {
  private static final Duration RUN = Duration.ofSeconds(120);

  private Lab lab;
  private @Nullable Resource resource;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  @AfterEach
  void cleanUp() {
    if (resource != null) {
      resource.delete();
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "no-model, model.uri, pvc://e2e/models/nowhere, models/nowhere",
    "no-data, dataset.train.uri, pvc://e2e/data/nowhere.jsonl, data/nowhere.jsonl",
    "no-column, dataset.train.uri, pvc://e2e/data/no-label.jsonl, label",
    "odd-label, dataset.train.uri, pvc://e2e/data/odd-label.jsonl, ugly",
  })
  void badInputFailsAtOnceWithASentence(String name, String path, String value, String expected) {
    resource =
        lab.apply(
            "finetune.yaml",
            m -> m.name(name).spec(path, value).spec("runPolicy.backoffLimit", "3"));
    Resource.Status status = resource.awaitReady("Failed", RUN);
    assertThat(status.message("Ready")).contains(expected);
    // A bad configuration is never retried: one pod, whatever backoffLimit says.
    assertThat(
            lab.client()
                .pods()
                .inNamespace(lab.namespace())
                .withLabel("hone.dev/name", name)
                .list()
                .getItems())
        .hasSizeLessThanOrEqualTo(1);
    resource.awaitEvent("Failed");
  }

  @Test
  void aPodThatRunsOutOfMemoryIsSaidAsSuch() {
    resource = lab.apply("finetune.yaml", m -> m.name("oom").spec("resources.memory", "96Mi"));
    assertThat(resource.awaitReady("Failed", RUN).message("Ready")).contains("memory", "96Mi");
  }

  @Test
  void anImageThatCannotBePulledIsNamed() {
    resource =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("no-image")
                    .spec(
                        "podTemplate",
                        "{\"spec\": {\"containers\": [{\"name\": \"trainer\", \"image\": \"localhost/hone-nowhere:1\"}]}}"));
    Resource.Status status =
        resource.await(
            "the image is named",
            s ->
                s.message("Ready") != null
                    && s.message("Ready").contains("localhost/hone-nowhere:1"),
            RUN);
    assertThat(status.reason("Ready")).isEqualTo("Pending");
  }

  @Test
  void aConfigMapThatCannotBeMountedIsNamed() {
    resource =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("no-config")
                    .spec(
                        "podTemplate",
                        "{\"spec\": {\"volumes\": [{\"name\": \"extra\", \"configMap\": {\"name\": \"nowhere\"}}], \"containers\":"
                            + " [{\"name\": \"trainer\", \"volumeMounts\": [{\"name\": \"extra\", \"mountPath\": \"/extra\"}]}]}}"));
    Resource.Status status = awaitMessage("nowhere");
    assertThat(status.reason("Ready")).isEqualTo("Pending");
    assertThat(status.message("Ready"))
        .startsWith("volume extra cannot be mounted: configmap \"nowhere\" not found");
  }

  @Test
  void aQuotaThatRefusesThePodIsNamed() {
    var quota =
        lab.client()
            .resource(
                new ResourceQuotaBuilder()
                    .withNewMetadata()
                    .withName("no-gpus")
                    .withNamespace(lab.namespace())
                    .endMetadata()
                    .withNewSpec()
                    .addToHard("requests.nvidia.com/gpu", new Quantity("0"))
                    .endSpec()
                    .build());
    quota.create();
    try {
      resource = lab.apply("finetune.yaml", m -> m.name("no-quota"));
      assertThat(awaitMessage("no-gpus").message("Ready"))
          .startsWith("the API server refuses the pod: exceeded quota: no-gpus");
    } finally {
      quota.delete();
    }
  }

  private Resource.Status awaitMessage(String part) {
    return Objects.requireNonNull(resource)
        .await(
            "its message names " + part,
            s -> s.message("Ready") != null && s.message("Ready").contains(part),
            RUN);
  }

  @Test
  void aReferenceThatAppearsLaterIsFound() {
    Resource waiting =
        lab.apply("compress.yaml", m -> m.name("early").spec("model.from.name", "late"));
    try {
      assertThat(waiting.awaitReady("WaitingForReference", RUN).message("Ready"))
          .contains("late", "does not exist");
      resource = lab.apply("finetune.yaml", m -> m.name("late"));
      resource.awaitReady("Completed", RUN);
      waiting.awaitReady("Completed", RUN);
    } finally {
      waiting.delete();
    }
  }

  @Test
  void aCycleIsNamed() {
    Resource one =
        lab.apply(
            "compress.yaml",
            m ->
                m.name("egg")
                    .spec("model.from", "{\"kind\": \"CompressionJob\", \"name\": \"hen\"}"));
    Resource two =
        lab.apply(
            "compress.yaml",
            m ->
                m.name("hen")
                    .spec("model.from", "{\"kind\": \"CompressionJob\", \"name\": \"egg\"}"));
    try {
      assertThat(one.awaitReady("Invalid", RUN).message("Ready")).contains("egg", "hen");
      assertThat(two.awaitReady("Invalid", RUN).message("Ready")).contains("egg", "hen");
    } finally {
      one.delete();
      two.delete();
    }
  }

  @Test
  void aCorruptArtifactIsRefused() {
    resource = lab.apply("finetune.yaml", m -> m.name("corrupt"));
    String uri = resource.awaitReady("Completed", RUN).value("artifact", "uri");
    String folder = uri.replace("pvc://e2e/", "/mnt/pvc/e2e/");
    lab.onVolume(
        "python3",
        "-c",
        "import pathlib,sys; p = next(pathlib.Path(sys.argv[1]).rglob('model.safetensors')); p.chmod(0o644);"
            + " b = bytearray(p.read_bytes()); b[-1] ^= 1; p.write_bytes(b)",
        folder);
    Resource compress =
        lab.apply("compress.yaml", m -> m.name("of-corrupt").spec("model.from.name", "corrupt"));
    try {
      assertThat(compress.awaitReady("Failed", RUN).message("Ready")).contains("model.safetensors");
    } finally {
      compress.delete();
    }
  }

  @Test
  void aGateThatIsNotMetKeepsTheDeploymentWaiting() {
    resource = lab.apply("finetune.yaml", m -> m.name("gated"));
    Resource compress =
        lab.apply(
            "compress.yaml",
            m ->
                m.name("gated-int8")
                    .spec("model.from.name", "gated")
                    .spec("gate", "{\"maxSizeRatio\": 0.01}"));
    Resource serve =
        lab.apply("serve.yaml", m -> m.name("gated-server").spec("model.from.name", "gated-int8"));
    try {
      Resource.Status status = compress.awaitReady("Rejected", RUN);
      assertThat(status.state("Accepted")).isEqualTo("False");
      assertThat(status.message("Accepted")).contains("0.01");
      assertThat(serve.awaitReady("WaitingForReference", RUN).message("Ready"))
          .contains("gated-int8");
      assertThat(
              lab.client()
                  .apps()
                  .deployments()
                  .inNamespace(lab.namespace())
                  .withName("gated-server")
                  .get())
          .isNull();
    } finally {
      serve.delete();
      compress.delete();
    }
  }
}
