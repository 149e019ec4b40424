package dev.hone.e2e;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What holds on a real cluster whatever befalls it, of the runs that write to a volume; docs/faults
 * has the same list. The operator's own tests have its other half, where writes are counted.
 */
final class Invariants implements AutoCloseable {
  private static final String API_VERSION = "hone.dev/v1alpha1";
  private static final Set<String> WITH_RESULT =
      Set.of("Completed", "Reused", "Rejected", "EvaluatingGate");
  private static final String SPEC_HASH = "hone.dev/spec-hash";

  /** A status is about what was a moment ago, and what is true now is said soon. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Lab lab;
  private final String claim;
  private final String folder;

  /** The unique ids of Jobs that there have been, by name. */
  private final Map<String, Set<String>> jobs = new ConcurrentHashMap<>();

  private final SharedIndexInformer<Job> watch;

  /**
   * Begins to look at what Jobs are made.
   *
   * @param lab the namespace
   * @param claim the volume that the runs write to
   * @param folder where on it
   */
  Invariants(Lab lab, String claim, String folder) {
    this.lab = lab;
    this.claim = claim;
    this.folder = folder;
    watch =
        lab.client()
            .batch()
            .v1()
            .jobs()
            .inNamespace(lab.namespace())
            .withLabel(SPEC_HASH)
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Job job) {
                    jobs.computeIfAbsent(
                            job.getMetadata().getName(), name -> ConcurrentHashMap.newKeySet())
                        .add(job.getMetadata().getUid());
                  }

                  @Override
                  public void onUpdate(Job before, Job job) {
                    onAdd(job);
                  }

                  @Override
                  public void onDelete(Job job, boolean unknown) {}
                });
  }

  /** All of them. */
  void check() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      checkOneJobPerHash();
      try {
        checkRuns();
        return;
      } catch (AssertionError e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(Duration.ofMillis(500).toNanos());
      }
    }
  }

  private void checkRuns() {
    Map<String, String> artifacts = new HashMap<>();
    for (String kind : List.of("FineTuneJob", "CompressionJob")) {
      for (GenericKubernetesResource run :
          lab.client()
              .genericKubernetesResources(API_VERSION, kind)
              .inNamespace(lab.namespace())
              .list()
              .getItems()) {
        String output = run.get("spec", "output", "uri");
        if (output.equals("pvc://%s/%s".formatted(claim, folder))) {
          checkStatus(run, artifacts);
        }
      }
    }
    assertThat(artifactsOnVolume()).as("whole artifacts").isEqualTo(artifacts);
  }

  /** Not only is there one Job of a run: there never was another one. */
  private void checkOneJobPerHash() {
    assertThat(jobs).allSatisfy((name, uids) -> assertThat(uids).as(name).hasSize(1));
    Map<String, Long> perRun =
        lab
            .client()
            .batch()
            .v1()
            .jobs()
            .inNamespace(lab.namespace())
            .withLabel(SPEC_HASH)
            .list()
            .getItems()
            .stream()
            .collect(
                groupingBy(
                    job ->
                        job.getMetadata().getOwnerReferences().getFirst().getUid()
                            + " "
                            + job.getMetadata().getLabels().get(SPEC_HASH),
                    counting()));
    assertThat(perRun).allSatisfy((run, count) -> assertThat(count).as(run).isEqualTo(1));
  }

  /** A status is about this spec, this Job and this result. */
  private void checkStatus(GenericKubernetesResource run, Map<String, String> artifacts) {
    String what = run.getKind() + " " + run.getMetadata().getName() + ": " + run.get("status");
    Resource.Status status = new Resource.Status(run);
    assertThat(status.<Number>value("observedGeneration").longValue())
        .as(what)
        .isEqualTo(run.getMetadata().getGeneration());
    String reason = status.reason("Ready");
    String recorded = run.get("status", "job", "name");
    if (recorded == null) {
      assertThat(reason).as(what).isIn("WaitingForReference", "Reused");
      return;
    }
    Job job =
        lab.client().batch().v1().jobs().inNamespace(lab.namespace()).withName(recorded).get();
    assertThat(job).as(what).isNotNull();
    assertThat(job.getMetadata().getUid()).as(what).isEqualTo(status.<String>value("job", "uid"));
    assertThat(isFailed(job)).as(what).isEqualTo("Failed".equals(reason));
    ConfigMap result =
        lab.client().configMaps().inNamespace(lab.namespace()).withName(recorded + "-result").get();
    assertThat(result != null).as(what).isEqualTo(WITH_RESULT.contains(reason));
    @Nullable String digest = run.get("status", "artifact", "digest");
    assertThat(digest).as(what).isEqualTo(result == null ? null : digest(result));
    if (digest != null) {
      artifacts.put(recorded, digest);
    }
  }

  private static boolean isFailed(Job job) {
    return job.getStatus().getConditions().stream()
        .anyMatch(
            condition ->
                "Failed".equals(condition.getType()) && "True".equals(condition.getStatus()));
  }

  private static String digest(ConfigMap result) {
    GenericKubernetesResource document = new GenericKubernetesResource();
    document.setAdditionalProperties(
        Serialization.unmarshal(
            result.getData().get("result.json"),
            new com.fasterxml.jackson.core.type.TypeReference<Map<String, Object>>() {}));
    return document.get("artifact", "digest");
  }

  /** The digests of the artifacts that are there, each read whole, by the names of their Jobs. */
  private Map<String, String> artifactsOnVolume() {
    try {
      return lab.onVolumeOf(
              claim,
              "python3",
              "-c",
              Files.readString(Path.of("src/test/fixtures/check_artifacts.py")),
              "/mnt/pvc/e2e/" + folder)
          .lines()
          .map(line -> line.split(" "))
          .collect(toMap(words -> words[0], words -> words[1]));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    watch.close();
  }
}
