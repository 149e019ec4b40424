package dev.hone.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One of our resources in the cluster, as a user of kubectl sees it. */
final class Resource {
  private final KubernetesClient client;
  private final GenericKubernetesResource applied;

  Resource(KubernetesClient client, GenericKubernetesResource applied) {
    this.client = client;
    this.applied = applied;
  }

  String name() {
    return applied.getMetadata().getName();
  }

  GenericKubernetesResource get() {
    return Objects.requireNonNull(client.resource(applied).get(), () -> this + " is gone");
  }

  /** The status as it is now; empty before the operator has written any. */
  Status status() {
    return new Status(get());
  }

  /** Waits until `Ready` has this reason; fails with the whole status otherwise. */
  Status awaitReady(String reason, Duration timeout) {
    return await(
        "Ready has the reason " + reason, status -> reason.equals(status.reason("Ready")), timeout);
  }

  Status await(String what, Predicate<Status> predicate, Duration timeout) {
    try {
      return new Status(
          client
              .resource(applied)
              .waitUntilCondition(
                  found -> found != null && predicate.test(new Status(found)),
                  timeout.toSeconds(),
                  TimeUnit.SECONDS));
    } catch (KubernetesClientTimeoutException e) {
      throw new AssertionError(
          "%s: not within %d s that %s; its status: %s"
              .formatted(this, timeout.toSeconds(), what, get().get("status")),
          e);
    }
  }

  /** Sends a merge patch, as `kubectl patch --type merge` would. */
  void patch(String json) {
    client
        .resource(applied)
        .patch(
            io.fabric8.kubernetes.client.dsl.base.PatchContext.of(
                io.fabric8.kubernetes.client.dsl.base.PatchType.JSON_MERGE),
            json);
  }

  /** Deletes it and waits until it is gone. */
  void delete() {
    client.resource(applied).delete();
    client.resource(applied).waitUntilCondition(Objects::isNull, 120, TimeUnit.SECONDS);
  }

  /** Events about this resource, newest last, as "reason: message". */
  List<String> events() {
    return client
        .v1()
        .events()
        .inNamespace(applied.getMetadata().getNamespace())
        .list()
        .getItems()
        .stream()
        .filter(event -> name().equals(event.getInvolvedObject().getName()))
        .map(event -> event.getReason() + ": " + event.getMessage())
        .toList();
  }

  /** Waits until an event with this reason is there: it is written after the status it tells of. */
  void awaitEvent(String reason) {
    var found =
        client
            .v1()
            .events()
            .inNamespace(applied.getMetadata().getNamespace())
            .informOnCondition(
                events ->
                    events.stream()
                        .anyMatch(
                            event ->
                                name().equals(event.getInvolvedObject().getName())
                                    && reason.equals(event.getReason())));
    try {
      found.get(30, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new AssertionError("%s: no event %s, only %s".formatted(this, reason, events()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } finally {
      found.cancel(true);
    }
  }

  @Override
  public String toString() {
    return applied.getKind() + " " + name();
  }

  /** What `status` says. */
  record Status(GenericKubernetesResource resource) {

    @Nullable String reason(String type) {
      return field(type, "reason");
    }

    @Nullable String message(String type) {
      return field(type, "message");
    }

    @Nullable String state(String type) {
      return field(type, "status");
    }

    private @Nullable String field(String type, String field) {
      List<Map<String, String>> conditions = resource.get("status", "conditions");
      if (conditions == null) {
        return null;
      }
      return conditions.stream()
          .filter(condition -> type.equals(condition.get("type")))
          .map(condition -> condition.get(field))
          .findFirst()
          .orElse(null);
    }

    <T> T value(Object... path) {
      Object[] whole = new Object[path.length + 1];
      whole[0] = "status";
      System.arraycopy(path, 0, whole, 1, path.length);
      T value = resource.get(whole);
      assertThat((Object) value).as("status.%s", List.of(path)).isNotNull();
      return Objects.requireNonNull(value);
    }

    double number(Object... path) {
      return this.<Number>value(path).doubleValue();
    }
  }
}
