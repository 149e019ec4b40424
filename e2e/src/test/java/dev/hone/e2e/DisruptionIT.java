package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What happens to a run when something else happens: the operator dies, the user deletes, the GPUs
 * are taken.
 */
@ExtendWith(Lab.Provider.class)
class DisruptionIT {
  private static final Duration RUN = Duration.ofSeconds(180);

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
  }

  @Test
  void theOperatorDiesInTheMiddleOfARunAndNothingIsLost() {
    Resource run =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("orphan")
                    .spec("dataset.train.uri", "pvc://e2e/data/long-train.jsonl")
                    .spec("training.epochs", "1"));
    try {
      Resource.Status before =
          run.await(
              "it trains",
              s -> "Training".equals(s.resource().get("status", "progress", "phase")),
              RUN);
      String job = before.value("job", "uid");
      killOperator();
      Resource.Status after = run.awaitReady("Completed", RUN);
      assertThat(after.<String>value("job", "uid")).isEqualTo(job);
      assertThat(jobsOf("orphan")).hasSize(1);
      assertThat(after.number("metrics", "after", "accuracy", "value")).isGreaterThan(90.0);
    } finally {
      run.delete();
    }
  }

  @Test
  void aRunThatIsDeletedInTheMiddleLeavesNoObjectAndFreesItsGpu() {
    Resource run =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("dropped")
                    .spec("dataset.train.uri", "pvc://e2e/data/long-train.jsonl")
                    .spec("training.epochs", "50"));
    run.await(
        "it trains", s -> "Training".equals(s.resource().get("status", "progress", "phase")), RUN);
    run.delete();
    Leftovers.awaitNone(lab);
  }

  @Test
  void aRunWithoutAFreeGpuSaysWhatIsMissingAndStartsWhenOneIsFree() {
    List<Pod> hogs = IntStream.range(0, 2).mapToObj(this::hog).toList();
    Resource run = lab.apply("finetune.yaml", m -> m.name("queued"));
    try {
      Resource.Status status =
          run.await(
              "it says what is missing",
              s -> s.message("Ready") != null && s.message("Ready").contains("nvidia.com/gpu"),
              Duration.ofSeconds(60));
      assertThat(status.reason("Ready")).isEqualTo("Pending");
      assertThat(status.message("Ready"))
          .contains("needs 1 nvidia.com/gpu; 2 of 2 in use on 1 node");
      hogs.forEach(pod -> lab.client().resource(pod).withGracePeriod(0).delete());
      run.awaitReady("Completed", RUN);
    } finally {
      hogs.forEach(pod -> lab.client().resource(pod).withGracePeriod(0).delete());
      run.delete();
    }
  }

  private List<Job> jobsOf(String name) {
    return lab.client()
        .batch()
        .v1()
        .jobs()
        .inNamespace(lab.namespace())
        .withLabel("hone.dev/name", name)
        .list()
        .getItems();
  }

  private void killOperator() {
    List<Pod> pods =
        lab.client()
            .pods()
            .inNamespace("hone-system")
            .withLabel("app.kubernetes.io/name", "hone")
            .list()
            .getItems();
    assertThat(pods).isNotEmpty();
    for (Pod pod : pods) {
      lab.client().resource(pod).withGracePeriod(0).delete();
      lab.client().resource(pod).waitUntilCondition(Objects::isNull, 60, TimeUnit.SECONDS);
    }
    lab.client()
        .apps()
        .deployments()
        .inNamespace("hone-system")
        .withName("hone-operator")
        .waitUntilReady(120, TimeUnit.SECONDS);
  }

  private Pod hog(int index) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("hog-" + index)
            .withNamespace(lab.namespace())
            .endMetadata()
            .withNewSpec()
            .withAutomountServiceAccountToken(false)
            .withTerminationGracePeriodSeconds(0L)
            .addNewContainer()
            .withName("hog")
            .withImage(Lab.trainerImage())
            .withImagePullPolicy("IfNotPresent")
            .withCommand("python3", "-c", "import signal; signal.pause()")
            .withNewResources()
            .addToLimits("nvidia.com/gpu", new Quantity("1"))
            .endResources()
            .endContainer()
            .endSpec()
            .build();
    lab.client().resource(pod).create();
    return lab.client().resource(pod).waitUntilReady(60, TimeUnit.SECONDS);
  }
}
