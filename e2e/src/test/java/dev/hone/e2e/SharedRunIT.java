package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two pods that train together over the cluster's network, on CPUs. */
@ExtendWith(Lab.Provider.class)
class SharedRunIT {
  private static final Duration RUN = Duration.ofSeconds(300);

  /** A volume that several nodes can mount; the lab's own is for one. */
  private static final String CLAIM = "shared";

  private Lab lab;

  @BeforeEach
  void lab(Lab lab) {
    this.lab = lab;
    if (lab.client().persistentVolumeClaims().inNamespace(lab.namespace()).withName(CLAIM).get()
        == null) {
      lab.addVolume(CLAIM, "ReadWriteMany");
    }
  }

  @Test
  void twoPodsLearnAsOneWithTwiceTheBatch() {
    Resource one = apply("one", m -> m.spec("training.batchSize", "32"));
    Resource two =
        apply("two", m -> m.spec("training.batchSize", "16").spec("resources.nodes", "2"));
    try {
      List<Double> alone = losses(one.awaitReady("Completed", RUN));
      List<Double> together = losses(two.awaitReady("Completed", RUN));
      assertThat(together).hasSize(16).hasSameSizeAs(alone);
      for (int step = 0; step < alone.size(); step++) {
        assertThat(together.get(step))
            .as("loss of step %d", step + 1)
            .isCloseTo(alone.get(step), within(1e-6));
      }
      assertThat(alone.getLast()).as("what is learnt counts").isLessThan(0.65);
      Job job = jobOf("two");
      // The result is there before the pod that handed it in has ended.
      lab.client()
          .resource(job)
          .waitUntilCondition(
              ended -> ended != null && isComplete(ended), RUN.toSeconds(), TimeUnit.SECONDS);
      assertThat(
              lab.client()
                  .services()
                  .inNamespace(lab.namespace())
                  .withName(job.getMetadata().getName())
                  .get())
          .isNotNull();
    } finally {
      one.delete();
      two.delete();
    }
    Leftovers.awaitNone(lab);
  }

  @Test
  void thePodsStartAgainTogetherFromTheCheckpointWhenOneIsLost() {
    Resource run =
        apply(
            "lossy",
            m ->
                m.spec(
                        "training",
                        "{\"steps\": 900, \"batchSize\": 16, \"learningRate\": 0.001, \"seed\": 1}")
                    .spec("checkpoint", "{\"everySteps\": 50}")
                    .spec("resources.nodes", "2")
                    .spec("runPolicy.backoffLimit", "3"));
    try {
      run.await("it has saved itself", s -> step(s) > 60, RUN);
      Job job = jobOf("lossy");
      List<Pod> first = pods(job);
      assertThat(first).hasSize(2);
      lab.client().resource(ofIndex(first, "1")).withGracePeriod(0).delete();

      Resource.Status done = run.awaitReady("Completed", RUN);
      assertThat(jobOf("lossy").getMetadata().getUid()).isEqualTo(job.getMetadata().getUid());
      assertThat(done.number("resumes", "count")).isGreaterThanOrEqualTo(1);
      assertThat(done.number("training", "resumedFromStep")).isGreaterThanOrEqualTo(50);
      assertThat(done.number("training", "steps")).isEqualTo(900);
      assertThat(losses(done)).hasSize(900);
      assertThat(pods(job).stream().map(pod -> pod.getMetadata().getUid()))
          .as("the pod that was left has ended too")
          .doesNotContain(ofIndex(first, "1").getMetadata().getUid());
    } finally {
      run.delete();
    }
  }

  @Test
  void aVolumeOfOneNodeIsToldBeforeAnythingRuns() {
    Resource run =
        lab.apply(
            "finetune.yaml",
            m ->
                m.name("single")
                    .spec("resources", "{\"nodes\": 2, \"cpu\": \"500m\", \"memory\": \"1Gi\"}"));
    try {
      Resource.Status held = run.awaitReady("VolumeNotShared", Duration.ofSeconds(60));
      assertThat(held.message("Ready"))
          .startsWith("PersistentVolumeClaim e2e can be mounted by one node alone (ReadWriteOnce)");
      assertThat(
              lab.client()
                  .batch()
                  .v1()
                  .jobs()
                  .inNamespace(lab.namespace())
                  .withLabel("hone.dev/name", "single")
                  .list()
                  .getItems())
          .isEmpty();
    } finally {
      run.delete();
    }
  }

  private Resource apply(String name, UnaryOperator<Manifest> edit) {
    return lab.apply(
        "finetune.yaml",
        m ->
            edit.apply(
                m.name(name)
                    .spec("model.uri", "pvc://" + CLAIM + "/models/exact")
                    .spec("dataset.train.uri", "pvc://" + CLAIM + "/data/even.jsonl")
                    .spec("dataset.evaluation.uri", "pvc://" + CLAIM + "/data/test.jsonl")
                    .spec("output.uri", "pvc://" + CLAIM + "/artifacts")
                    .spec("method", "{\"full\": {}}")
                    .spec("precision.mode", "FP32")
                    .spec(
                        "training",
                        "{\"steps\": 16, \"learningRate\": 0.003, \"schedule\": \"Constant\", \"seed\": 1}")
                    .spec("resources", "{\"cpu\": \"500m\", \"memory\": \"2Gi\"}")));
  }

  private List<Double> losses(Resource.Status done) {
    String uri = done.value("artifact", "uri");
    String curve =
        "/mnt/pvc/e2e/" + uri.substring(("pvc://" + CLAIM + "/").length()) + "/loss.jsonl";
    return lab.onVolumeOf(CLAIM, "cat", curve)
        .lines()
        .map(line -> Serialization.unmarshal(line, Point.class).loss())
        .toList();
  }

  @com.fasterxml.jackson.annotation.JsonIgnoreProperties(ignoreUnknown = true)
  private record Point(int step, double loss) {}

  private static long step(Resource.Status status) {
    Number step = status.resource().get("status", "progress", "step");
    return step == null ? 0 : step.longValue();
  }

  /** Whether the first pod has ended well, which is the Job's success. */
  private static boolean isComplete(Job job) {
    return job.getStatus().getConditions().stream()
        .anyMatch(
            condition ->
                "Complete".equals(condition.getType()) && "True".equals(condition.getStatus()));
  }

  private Job jobOf(String name) {
    List<Job> jobs =
        lab.client()
            .batch()
            .v1()
            .jobs()
            .inNamespace(lab.namespace())
            .withLabel("hone.dev/name", name)
            .list()
            .getItems();
    assertThat(jobs).hasSize(1);
    return jobs.getFirst();
  }

  private List<Pod> pods(Job job) {
    return lab.client()
        .pods()
        .inNamespace(lab.namespace())
        .withLabel("batch.kubernetes.io/job-name", job.getMetadata().getName())
        .list()
        .getItems();
  }

  private static Pod ofIndex(List<Pod> pods, String index) {
    return pods.stream()
        .filter(
            pod ->
                index.equals(
                    pod.getMetadata()
                        .getAnnotations()
                        .get("batch.kubernetes.io/job-completion-index")))
        .findFirst()
        .orElseThrow();
  }
}
