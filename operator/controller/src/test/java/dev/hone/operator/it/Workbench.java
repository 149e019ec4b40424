package dev.hone.operator.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hone.api.Labels;
import dev.hone.api.compression.CompressionJob;
import dev.hone.api.finetune.FineTuneJob;
import dev.hone.api.inference.InferenceDeployment;
import dev.hone.operator.status.ConditionSet;
import dev.hone.testing.apiserver.Repository;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.events.v1.Event;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One namespace, and what a user does and sees in it. */
record Workbench(KubernetesClient client, String namespace) {

  private static final long SECONDS = 30;

  static final String FINE_TUNE = "10-finetune.yaml";
  static final String COMPRESS = "20-compress.yaml";
  static final String SERVE = "30-serve.yaml";

  /** Applies a manifest of the main example, as it is or changed. */
  HasMetadata apply(String file, UnaryOperator<String> change) {
    Path path = Repository.root().resolve("examples/01-spam-filter").resolve(file);
    try {
      return applyText(change.apply(Files.readString(path)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  HasMetadata apply(String file) {
    return apply(file, UnaryOperator.identity());
  }

  HasMetadata applyText(String yaml) {
    HasMetadata resource = Serialization.unmarshal(yaml);
    resource.getMetadata().setNamespace(namespace);
    return client.resource(resource).forceConflicts().serverSideApply();
  }

  <T extends HasMetadata> T patch(Class<T> type, String name, String mergePatch) {
    return client
        .resources(type)
        .inNamespace(namespace)
        .withName(name)
        .patch(PatchContext.of(PatchType.JSON_MERGE), mergePatch);
  }

  FineTuneJob fineTune(String name, Predicate<FineTuneJob> state) {
    return await(FineTuneJob.class, name, state);
  }

  CompressionJob compression(String name, Predicate<CompressionJob> state) {
    return await(CompressionJob.class, name, state);
  }

  InferenceDeployment inference(String name, Predicate<InferenceDeployment> state) {
    return await(InferenceDeployment.class, name, state);
  }

  <T extends HasMetadata> T await(Class<T> type, String name, Predicate<T> state) {
    var resource = client.resources(type).inNamespace(namespace).withName(name);
    try {
      return Objects.requireNonNull(
          resource.waitUntilCondition(
              found -> found != null && state.test(found), SECONDS, TimeUnit.SECONDS));
    } catch (RuntimeException e) {
      throw new AssertionError(
          type.getSimpleName() + " " + name + " stays " + Serialization.asYaml(resource.get()), e);
    }
  }

  /** Every object of those types in the namespace. */
  Stream<HasMetadata> objects(List<Class<? extends HasMetadata>> types) {
    return types.stream()
        .flatMap(type -> client.resources(type).inNamespace(namespace).list().getItems().stream());
  }

  void awaitGone(Class<? extends HasMetadata> type, String name) {
    client
        .resources(type)
        .inNamespace(namespace)
        .withName(name)
        .waitUntilCondition(Objects::isNull, SECONDS, TimeUnit.SECONDS);
  }

  /** The Job of a resource, once there is one; there must never be two. */
  Job job(String name) {
    client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.NAME, name)
        .informOnCondition(jobs -> !jobs.isEmpty())
        .orTimeout(SECONDS, TimeUnit.SECONDS)
        .join();
    List<Job> jobs = jobs(name);
    assertThat(jobs).hasSize(1);
    return jobs.getFirst();
  }

  List<Job> jobs(String name) {
    return client
        .batch()
        .v1()
        .jobs()
        .inNamespace(namespace)
        .withLabel(Labels.NAME, name)
        .list()
        .getItems();
  }

  static Predicate<FineTuneJob> fineTuneIs(String reason) {
    return job -> reason.equals(reason(conditions(job)));
  }

  static Predicate<CompressionJob> compressionIs(String reason) {
    return job -> reason.equals(reason(conditions(job)));
  }

  static Predicate<InferenceDeployment> inferenceIs(String reason) {
    return resource -> reason.equals(reason(conditions(resource)));
  }

  static List<Condition> conditions(FineTuneJob job) {
    return job.getStatus() == null ? List.of() : job.getStatus().conditions();
  }

  static List<Condition> conditions(CompressionJob job) {
    return job.getStatus() == null ? List.of() : job.getStatus().conditions();
  }

  static List<Condition> conditions(InferenceDeployment resource) {
    return resource.getStatus() == null ? List.of() : resource.getStatus().conditions();
  }

  static String message(List<Condition> conditions, String type) {
    return ConditionSet.find(conditions, type).map(Condition::getMessage).orElse("");
  }

  private static @Nullable String reason(List<Condition> conditions) {
    return ConditionSet.find(conditions, "Ready").map(Condition::getReason).orElse(null);
  }

  /** Waits for an event about a resource; it comes right after the status. */
  void awaitEvent(String name, Predicate<String> wanted) {
    client
        .events()
        .v1()
        .events()
        .inNamespace(namespace)
        .informOnCondition(events -> events(name, events).stream().anyMatch(wanted))
        .orTimeout(SECONDS, TimeUnit.SECONDS)
        .join();
  }

  /** The events about a resource as "Reason: note". */
  List<String> events(String name) {
    return events(name, client.events().v1().events().inNamespace(namespace).list().getItems());
  }

  private static List<String> events(String name, List<Event> events) {
    return events.stream()
        .filter(event -> event.getRegarding() != null)
        .filter(event -> name.equals(event.getRegarding().getName()))
        .map(event -> event.getReason() + ": " + Optional.ofNullable(event.getNote()).orElse(""))
        .toList();
  }
}
