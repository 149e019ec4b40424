package dev.hone.operator.scale;

import dev.hone.api.Labels;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Creates resources as fast as the API server takes them, and sees when each has its child Job. */
final class Load implements AutoCloseable {

  /** Requests at once. */
  private static final int CLIENTS = 8;

  private static final Duration PATIENCE = Duration.ofMinutes(30);

  private final KubernetesClient client;
  private final String namespace;
  private final FineTuneJob template;
  private final Map<String, Long> created = new ConcurrentHashMap<>();
  private final Map<String, Long> started = new ConcurrentHashMap<>();
  private final Map<String, Integer> jobs = new ConcurrentHashMap<>();
  private final SharedIndexInformer<Job> informer;

  /** As many as have no Job yet. */
  private volatile CountDownLatch left = new CountDownLatch(0);

  /**
   * What a round took.
   *
   * @param count how many resources
   * @param creation from the first request until all were created
   * @param all from the first request until the last child Job was there
   * @param millis from a resource's creation to its Job, sorted
   */
  record Round(int count, Duration creation, Duration all, long[] millis) {

    double perSecond() {
      return count / seconds(all);
    }

    long quantile(double share) {
      return millis[(int) Math.min(millis.length - 1, Math.floor(share * millis.length))];
    }
  }

  Load(KubernetesClient client, String namespace) throws IOException {
    this.client = client;
    this.namespace = namespace;
    this.template =
        Serialization.unmarshal(
            Files.readString(Repository.root().resolve("examples/01-spam-filter/10-finetune.yaml")),
            FineTuneJob.class);
    this.informer =
        client
            .batch()
            .v1()
            .jobs()
            .inNamespace(namespace)
            .inform(
                new ResourceEventHandler<>() {
                  @Override
                  public void onAdd(Job job) {
                    seen(job);
                  }

                  @Override
                  public void onUpdate(Job before, Job now) {}

                  @Override
                  public void onDelete(Job job, boolean unknown) {}
                });
  }

  private void seen(Job job) {
    String owner = job.getMetadata().getLabels().getOrDefault(Labels.NAME, "");
    if (jobs.merge(owner, 1, Integer::sum) == 1) {
      started.put(owner, System.nanoTime());
      left.countDown();
    }
  }

  /** The most Jobs that one resource has. */
  int mostJobs() {
    return jobs.values().stream().mapToInt(Integer::intValue).max().orElse(0);
  }

  /** Creates resources, and waits until each of them has its Job, which takes a live operator. */
  Round create(int from, int count, OperatorProcess operator) throws InterruptedException {
    left = new CountDownLatch(count);
    long begun = System.nanoTime();
    each(
        from,
        count,
        number -> {
          String name = "run-%05d".formatted(number);
          FineTuneJob job = Serialization.clone(template);
          job.setMetadata(new ObjectMetaBuilder().withName(name).withNamespace(namespace).build());
          created.put(name, System.nanoTime());
          client.resource(job).create();
        });
    Duration creation = Duration.ofNanos(System.nanoTime() - begun);
    while (!left.await(1, TimeUnit.SECONDS)) {
      operator.requireAlive();
      if (System.nanoTime() - begun > PATIENCE.toNanos()) {
        throw new IllegalStateException(left.getCount() + " resources have no Job");
      }
    }
    Duration all = Duration.ofNanos(System.nanoTime() - begun);
    long[] millis =
        IntStream.range(from, from + count)
            .mapToObj("run-%05d"::formatted)
            .mapToLong(
                name ->
                    TimeUnit.NANOSECONDS.toMillis(
                        Objects.requireNonNull(started.get(name))
                            - Objects.requireNonNull(created.get(name))))
            .sorted()
            .toArray();
    return new Round(count, creation, all, millis);
  }

  /**
   * Creates the same resources and what the operator makes of each, by a bare client that decides
   * nothing; gives how long it took.
   *
   * @param elsewhere a namespace that the operator does not watch
   */
  Duration createBare(String elsewhere, int count) throws InterruptedException {
    FineTuneJob resource =
        Objects.requireNonNull(
            client.resources(FineTuneJob.class).inNamespace(namespace).withName("run-00000").get());
    List<HasMetadata> children = new ArrayList<>();
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.NAME, "run-00000")
        .list()
        .getItems()
        .forEach(job -> children.add(asItWasMade(job)));
    children.addAll(
        client
            .configMaps()
            .inNamespace(namespace)
            .withLabel(Labels.NAME, "run-00000")
            .list()
            .getItems());
    long begun = System.nanoTime();
    each(
        0,
        count,
        number -> {
          copy(resource, elsewhere, number);
          children.forEach(child -> copy(child, elsewhere, number));
        });
    return Duration.ofNanos(System.nanoTime() - begun);
  }

  /** Without what the API server adds to a Job, and takes from nobody else. */
  private static Job asItWasMade(Job job) {
    return new JobBuilder(job)
        .editSpec()
        .withSelector(null)
        .editTemplate()
        .editMetadata()
        .removeFromLabels("batch.kubernetes.io/controller-uid")
        .removeFromLabels("batch.kubernetes.io/job-name")
        .removeFromLabels("controller-uid")
        .removeFromLabels("job-name")
        .endMetadata()
        .endTemplate()
        .endSpec()
        .build();
  }

  private void copy(HasMetadata original, String elsewhere, int number) {
    HasMetadata copy = Serialization.clone(original);
    copy.setMetadata(
        new ObjectMetaBuilder()
            .withName(original.getMetadata().getName() + "-" + number)
            .withNamespace(elsewhere)
            .withLabels(original.getMetadata().getLabels())
            .withAnnotations(original.getMetadata().getAnnotations())
            .build());
    client.resource(copy).create();
  }

  private static void each(int from, int count, Consumer<Integer> action)
      throws InterruptedException {
    try (ExecutorService executor = Executors.newFixedThreadPool(CLIENTS)) {
      List<Future<?>> all =
          IntStream.range(from, from + count)
              .<Future<?>>mapToObj(number -> executor.submit(() -> action.accept(number)))
              .toList();
      for (Future<?> one : all) {
        one.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  @Override
  public void close() {
    informer.close();
  }
}
