package dev.hone.operator.it;

import dev.hone.api.Labels;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.ApiServer;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A stand-in for Kueue, which does with Jobs what Kueue does as far as the operator relies on it: a
 * Workload for each Job with a queue's label; admits as many as the quota has room for and resumes
 * them; evicts, suspends and queues again what is preempted or deactivated; suspends what runs
 * without admission, and resumes what is admitted and suspended by somebody else.
 */
final class KueueStandIn implements AutoCloseable {

  static final String NO_ROOM =
      "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in"
          + " flavor default, 1 more needed";

  private static final String GROUP = "kueue.x-k8s.io";
  private static final String JOB_UID = GROUP + "/job-uid";
  private static final ResourceDefinitionContext WORKLOADS =
      new ResourceDefinitionContext.Builder()
          .withGroup(GROUP)
          .withVersion("v1beta1")
          .withKind("Workload")
          .withPlural("workloads")
          .withNamespaced(true)
          .build();

  private final KubernetesClient client;
  private final String namespace;
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().factory());
  private final List<SharedIndexInformer<?>> watches;
  private final AtomicInteger corrections = new AtomicInteger();
  private volatile int quota;

  /** Starts in a namespace, with room for so many Jobs. */
  KueueStandIn(KubernetesClient client, String namespace, int quota) {
    this.client = client;
    this.namespace = namespace;
    this.quota = quota;
    this.watches =
        List.of(
            client
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(Labels.QUEUE)
                .inform(new Wake<>()),
            workloads().inform(new Wake<>()));
  }

  /** Installs the definition of Workload, and waits until the API server serves it. */
  static void install(ApiServer server) {
    KubernetesClient client = server.admin();
    for (HasMetadata definition :
        client.load(KueueStandIn.class.getResourceAsStream("/kueue-workload-crd.yaml")).items()) {
      client.resource(definition).forceConflicts().serverSideApply();
    }
    // A kind that was just made is answered with 404 and then with 429 for a moment.
    var all = client.genericKubernetesResources(WORKLOADS).inAnyNamespace();
    long end = System.nanoTime() + 30_000_000_000L;
    while (true) {
      try {
        all.list();
        return;
      } catch (KubernetesClientException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** Takes the definition away again, with every Workload. */
  static void uninstall(ApiServer server) {
    server
        .admin()
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("workloads." + GROUP)
        .withTimeoutInMillis(30_000)
        .delete();
  }

  /** Gives more or less room; what is admitted stays. */
  void quota(int jobs) {
    quota = jobs;
    wake();
  }

  /** How often somebody else had started or stopped a Job that is Kueue's to start and stop. */
  int corrections() {
    return corrections.get();
  }

  /** Preempts a Job: it waits again, and there is no room for it until there is more quota. */
  void preempt(Job job, String why) {
    quota = 0;
    // Not between two steps of a pass.
    worker.execute(
        () -> {
          evict(workload(job).orElseThrow(), "Preempted", why);
          suspend(job, true);
        });
  }

  private void evict(GenericKubernetesResource workload, String reason, String why) {
    set(
        workload,
        condition("Evicted", true, reason, why),
        condition("QuotaReserved", false, "Pending", why),
        condition("Admitted", false, "NoReservation", "The workload has no reservation"));
  }

  /** Deactivates a Job's Workload, as an administrator does. */
  void deactivate(Job job) {
    patch(workload(job).orElseThrow(), "{\"spec\":{\"active\":false}}");
  }

  Optional<GenericKubernetesResource> workload(Job job) {
    return workloads().withLabel(JOB_UID, job.getMetadata().getUid()).list().getItems().stream()
        .findFirst();
  }

  static boolean isActive(GenericKubernetesResource workload) {
    return !Boolean.FALSE.equals(workload.<Boolean>get("spec", "active"));
  }

  private void pass() {
    List<Job> jobs =
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(namespace)
            .withLabel(Labels.QUEUE)
            .list()
            .getItems()
            .stream()
            .filter(job -> !isFinished(job) && !job.isMarkedForDeletion())
            .sorted(Comparator.comparing(job -> job.getMetadata().getCreationTimestamp()))
            .toList();
    jobs.forEach(this::settle);
    long used =
        jobs.stream()
            .filter(job -> workload(job).filter(w -> is(w, "Admitted")).isPresent())
            .count();
    for (Job job : jobs) {
      GenericKubernetesResource workload = workload(job).orElseThrow();
      if (!isActive(workload) || is(workload, "Admitted")) {
        continue;
      }
      if (used < quota) {
        used++;
        set(
            workload,
            condition("Evicted", false, "QuotaReserved", "Previously: evicted"),
            condition("QuotaReserved", true, "QuotaReserved", "Quota reserved in ClusterQueue all"),
            condition("Admitted", true, "Admitted", "The workload is admitted"));
        suspend(job, false);
      } else if (!is(workload, "Evicted")) {
        set(workload, condition("QuotaReserved", false, "Pending", NO_ROOM));
      }
    }
  }

  private void settle(Job job) {
    GenericKubernetesResource workload = workload(job).orElseGet(() -> create(job));
    boolean held = Boolean.TRUE.equals(job.getSpec().getSuspend());
    if (!isActive(workload)) {
      if (is(workload, "Admitted")) {
        evict(workload, "Deactivated", "The workload is deactivated");
      }
      if (!held) {
        suspend(job, true);
      }
    } else if (held == is(workload, "Admitted")) {
      corrections.incrementAndGet();
      suspend(job, !held);
    }
  }

  private GenericKubernetesResource create(Job job) {
    GenericKubernetesResource workload = new GenericKubernetesResource();
    workload.setApiVersion(GROUP + "/v1beta1");
    workload.setKind("Workload");
    workload.setMetadata(
        new ObjectMetaBuilder()
            .withName(
                "job-"
                    + job.getMetadata().getName()
                    + "-"
                    + job.getMetadata().getUid().substring(0, 5))
            .withNamespace(namespace)
            .withLabels(Map.of(JOB_UID, job.getMetadata().getUid()))
            .withOwnerReferences(
                new OwnerReferenceBuilder()
                    .withApiVersion("batch/v1")
                    .withKind("Job")
                    .withName(job.getMetadata().getName())
                    .withUid(job.getMetadata().getUid())
                    .withController(true)
                    .build())
            .build());
    workload.setAdditionalProperty(
        "spec", Map.of("queueName", job.getMetadata().getLabels().get(Labels.QUEUE)));
    return client.resource(workload).create();
  }

  private void suspend(Job job, boolean suspend) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withName(job.getMetadata().getName())
        .patch(
            PatchContext.of(PatchType.JSON_MERGE),
            "{\"spec\":{\"suspend\":%s}}".formatted(suspend));
  }

  private void set(GenericKubernetesResource workload, Condition... changed) {
    Map<String, Condition> conditions = new LinkedHashMap<>();
    conditions(workload).forEach(condition -> conditions.put(condition.getType(), condition));
    boolean changes = false;
    for (Condition condition : changed) {
      Condition before = conditions.put(condition.getType(), condition);
      changes |=
          before == null
              || !before.getStatus().equals(condition.getStatus())
              || !before.getMessage().equals(condition.getMessage());
    }
    if (changes) {
      workloads()
          .withName(workload.getMetadata().getName())
          .subresource("status")
          .patch(
              PatchContext.of(PatchType.JSON_MERGE),
              Serialization.asJson(
                  Map.of("status", Map.of("conditions", List.copyOf(conditions.values())))));
    }
  }

  private void patch(GenericKubernetesResource workload, String patch) {
    workloads()
        .withName(workload.getMetadata().getName())
        .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
  }

  private NonNamespaceOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      workloads() {
    return client.genericKubernetesResources(WORKLOADS).inNamespace(namespace);
  }

  private static boolean is(GenericKubernetesResource workload, String type) {
    return ConditionSet.isTrue(conditions(workload), type);
  }

  private static List<Condition> conditions(GenericKubernetesResource workload) {
    List<?> conditions = workload.get("status", "conditions");
    return conditions == null
        ? List.of()
        : conditions.stream()
            .map(found -> Serialization.jsonMapper().convertValue(found, Condition.class))
            .toList();
  }

  private static Condition condition(String type, boolean status, String reason, String message) {
    return new ConditionBuilder()
        .withType(type)
        .withStatus(status ? "True" : "False")
        .withReason(reason)
        .withMessage(message)
        .withLastTransitionTime(ConditionSet.timestamp(Clock.systemUTC()))
        .build();
  }

  private static boolean isFinished(Job job) {
    return job.getStatus() != null
        && job.getStatus().getConditions().stream()
            .anyMatch(
                condition ->
                    List.of("Complete", "Failed").contains(condition.getType())
                        && "True".equals(condition.getStatus()));
  }

  private void wake() {
    if (!worker.isShutdown()) {
      worker.execute(this::pass);
    }
  }

  @Override
  public void close() {
    watches.forEach(SharedIndexInformer::close);
    worker.shutdownNow();
  }

  private final class Wake<T> implements ResourceEventHandler<T> {
    @Override
    public void onAdd(T object) {
      wake();
    }

    @Override
    public void onUpdate(T before, T now) {
      wake();
    }

    @Override
    public void onDelete(T object, boolean unknown) {
      wake();
    }
  }
}
