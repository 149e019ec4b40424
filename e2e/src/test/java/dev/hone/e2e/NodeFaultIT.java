package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodList;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.dsl.FilterWatchListDeletable;
import io.fabric8.kubernetes.client.dsl.PodResource;
import io.fabric8.kubernetes.client.readiness.Readiness;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What becomes of runs and of a served model when a node fails: its kubelet dies, a pod on it is
 * deleted by force, and it is lost as a whole. After each the same invariants.
 */
@ExtendWith(Lab.Provider.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class NodeFaultIT {
  private static final Duration RUN = Duration.ofSeconds(180);

  /** A volume that both nodes can mount. */
  private static final String CLAIM = "faults";

  private static final String OUTPUT = "artifacts";
  private static final String SERVED = "held";

  /** Steps between two checkpoints of the run that is interrupted. */
  private static final int SAVED_EVERY = 50;

  /** How many it takes: enough to go on until its node is lost. */
  private static final int STEPS = 1000;

  private Lab lab;
  private SecondNode second;
  private Invariants invariants;
  private Resource train;
  private Resource compress;
  private Resource serve;
  private Resource interrupted;

  /** The volume first: the pod beside it must not be on the node that is lost. */
  @BeforeAll
  void addNode(Lab lab) {
    SecondNode.assumeThereCanBeOne(lab);
    this.lab = lab;
    lab.addVolume(CLAIM, "ReadWriteMany");
    second = SecondNode.add(lab);
    invariants = new Invariants(lab, CLAIM, OUTPUT);
    train = training("steady", m -> m.spec("training.steps", "500"));
    compress =
        lab.apply(
            "compress.yaml",
            m ->
                m.name(SERVED)
                    .spec("model.from.name", train.name())
                    .spec("dataset.evaluation.uri", "pvc://" + CLAIM + "/data/test.jsonl")
                    .spec("output.uri", "pvc://" + CLAIM + "/" + OUTPUT));
    serve =
        lab.apply(
            "serve.yaml",
            m ->
                m.name(SERVED)
                    .spec("model.from.name", SERVED)
                    .spec("podTemplate.spec.affinity", apart(SERVED)));
    // One failure is what its pod's deletion costs. None is left for the node's.
    interrupted =
        training(
            "interrupted",
            m ->
                m.spec("training.steps", Integer.toString(STEPS))
                    .spec("runPolicy", "{\"backoffLimit\": 1, \"suspend\": true}"));
  }

  @Test
  @Order(1)
  void aRunAndWhatWaitsForItGoOnAfterTheKubeletsDeath() {
    Resource.Status before = train.await("it trains", s -> step(s) > 0, RUN);
    Pod pod = onlyPodOf(train);
    assertThat(pod.getSpec().getNodeName()).isEqualTo(SecondNode.NAME);
    second.killKubelet();
    second.start();

    Resource.Status done = train.awaitReady("Completed", RUN);
    assertThat(done.<String>value("job", "uid")).isEqualTo(before.value("job", "uid"));
    assertThat(done.number("resumes", "count")).isZero();
    assertThat(onlyPodOf(train).getMetadata().getUid()).isEqualTo(pod.getMetadata().getUid());
    // The result is there before the pod that handed it in has ended; of that end the kubelet
    // tells.
    lab.client()
        .resource(jobOf(train))
        .waitUntilCondition(NodeFaultIT::isComplete, RUN.toSeconds(), TimeUnit.SECONDS);
    serve.await("Ready is True", s -> "True".equals(s.state("Ready")), RUN);
    invariants.check();
  }

  @Test
  @Order(2)
  void aPodThatIsDeletedByForceIsReplacedAndGoesOnFromTheCheckpoint() throws Exception {
    interrupted.patch("{\"spec\": {\"runPolicy\": {\"suspend\": false}}}");
    long reached = step(interrupted.await("it saves itself", s -> step(s) > SAVED_EVERY, RUN));
    Pod pod = onlyPodOf(interrupted);
    lab.client().resource(pod).withGracePeriod(0).delete();

    awaitReplacement(interrupted, pod);
    // What a pod has done counts from when it has saved itself.
    interrupted.await(
        "another pod goes on and saves itself", s -> step(s) > reached + 2 * SAVED_EVERY, RUN);
    assertThat(jobOf(interrupted).getStatus().getFailed()).isEqualTo(1);
    invariants.check();
  }

  @Test
  @Order(3)
  void aNodeThatIsLostCostsNeitherARunNorAServedModel() throws Exception {
    List<Pod> servers = pods(serve);
    assertThat(servers)
        .extracting(pod -> pod.getSpec().getNodeName())
        .containsExactlyInAnyOrder(SecondNode.FIRST, SecondNode.NAME);
    Pod kept = servers.stream().filter(pod -> !isOnSecond(pod)).findFirst().orElseThrow();
    Pod lost = onlyPodOf(interrupted);
    assertThat(lost.getSpec().getNodeName()).isEqualTo(SecondNode.NAME);
    long reached = step(interrupted.status());
    assertThat(reached).as("it goes on").isBetween(1L, STEPS - 1L);

    try (SteadyLoad load = new SteadyLoad(kept.getStatus().getPodIP(), 8000, 8001, SERVED)) {
      load.awaitAnswers(5);
      second.lose();
      awaitReplacement(interrupted, lost);
      awaitServersOnFirst();
      serve.await("it is whole", NodeFaultIT::isWhole, RUN);
      load.awaitAnswers(5);
      assertThat(load.failures()).isEmpty();
    }
    try (NodePorts ports = NodePorts.of(lab, SERVED);
        SteadyLoad load = new SteadyLoad(ports.host(), ports.rest(), ports.grpc(), SERVED)) {
      load.awaitAnswers(10);
      assertThat(load.failures()).as("through its Service").isEmpty();
    }

    Resource.Status done = interrupted.awaitReady("Completed", RUN);
    assertThat(onlyPodOf(interrupted).getSpec().getNodeName()).isEqualTo(SecondNode.FIRST);
    assertThat(jobOf(interrupted).getStatus().getFailed()).as("not counted").isEqualTo(1);
    assertThat(done.number("resumes", "count")).isEqualTo(2);
    assertThat(done.number("training", "resumedFromStep"))
        .isGreaterThanOrEqualTo((double) (reached - SAVED_EVERY));
    assertThat(done.number("training", "steps")).isEqualTo(STEPS);
    assertThat(serve.status().<String>value("servedDigest"))
        .isEqualTo(compress.status().<String>value("artifact", "digest"));
    invariants.check();
  }

  @AfterAll
  void removeAll() {
    try {
      Stream.of(serve, compress, interrupted, train)
          .filter(Objects::nonNull)
          .forEach(Resource::delete);
    } finally {
      if (invariants != null) {
        invariants.close();
      }
      if (second != null) {
        second.close();
      }
    }
  }

  /** A training that is on the second node while there is one. */
  private Resource training(String name, UnaryOperator<Manifest> edit) {
    return lab.apply(
        "finetune.yaml",
        m ->
            edit.apply(m.name(name))
                .spec("model.uri", "pvc://" + CLAIM + "/models/tiny")
                .spec("dataset.train.uri", "pvc://" + CLAIM + "/data/long-train.jsonl")
                .spec("dataset.evaluation.uri", "pvc://" + CLAIM + "/data/test.jsonl")
                .spec("output.uri", "pvc://" + CLAIM + "/" + OUTPUT)
                .without("training.epochs")
                .spec("checkpoint", "{\"everySteps\": %d}".formatted(SAVED_EVERY))
                .spec("podTemplate.spec.affinity", SecondNode.PREFERRED));
  }

  /** Pods of a served model are on different nodes while there are several. */
  private static String apart(String name) {
    return """
        {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100,
          "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"hone.dev/name": "%s", "hone.dev/kind": "InferenceDeployment"}}}}]}}
        """
        .formatted(name)
        .strip();
  }

  private static long step(Resource.Status status) {
    Number step = status.resource().get("status", "progress", "step");
    return step == null ? 0 : step.longValue();
  }

  /** Waits until a run has one pod, another than that. */
  private void awaitReplacement(Resource run, Pod before) throws Exception {
    podsOf(run)
        .informOnCondition(
            pods ->
                pods.size() == 1
                    && "Running".equals(pods.getFirst().getStatus().getPhase())
                    && !pods.getFirst()
                        .getMetadata()
                        .getUid()
                        .equals(before.getMetadata().getUid()))
        .get(RUN.toSeconds(), TimeUnit.SECONDS);
  }

  private void awaitServersOnFirst() throws Exception {
    podsOf(serve)
        .informOnCondition(
            pods ->
                pods.size() == 2
                    && pods.stream().noneMatch(NodeFaultIT::isOnSecond)
                    && pods.stream().allMatch(Readiness::isPodReady))
        .get(RUN.toSeconds(), TimeUnit.SECONDS);
  }

  private static boolean isWhole(Resource.Status status) {
    Number ready = status.resource().get("status", "readyReplicas");
    return "True".equals(status.state("Available")) && ready != null && ready.intValue() == 2;
  }

  private static boolean isOnSecond(Pod pod) {
    return SecondNode.NAME.equals(pod.getSpec().getNodeName());
  }

  private static boolean isComplete(@Nullable Job job) {
    return job != null
        && job.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    "Complete".equals(condition.getType()) && "True".equals(condition.getStatus()));
  }

  private Job jobOf(Resource run) {
    return lab.client()
        .batch()
        .v1()
        .jobs()
        .inNamespace(lab.namespace())
        .withName(run.status().value("job", "name"))
        .require();
  }

  private Pod onlyPodOf(Resource run) {
    List<Pod> pods = pods(run);
    assertThat(pods).as("pods of %s", run).hasSize(1);
    return pods.getFirst();
  }

  private List<Pod> pods(Resource resource) {
    return podsOf(resource).list().getItems();
  }

  private FilterWatchListDeletable<Pod, PodList, PodResource> podsOf(Resource resource) {
    return lab.client()
        .pods()
        .inNamespace(lab.namespace())
        .withLabel("hone.dev/name", resource.name())
        .withLabel("hone.dev/kind", resource.get().getKind());
  }
}
