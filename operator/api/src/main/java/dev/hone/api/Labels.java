package dev.hone.api;

import java.util.Locale;
import java.util.Map;

/** Labels on everything that the operator makes. */
public final class Labels {

  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  public static final String MANAGED_BY_HONE = "hone";
  public static final String APP_NAME = "app.kubernetes.io/name";
  public static final String APP_INSTANCE = "app.kubernetes.io/instance";

  /** Kind of the resource that an object belongs to, for example {@code FineTuneJob}. */
  public static final String KIND = HoneApi.GROUP + "/kind";

  /** Name of the resource that an object belongs to. */
  public static final String NAME = HoneApi.GROUP + "/name";

  /** Hash of what is executed; on Jobs, their pods and their ConfigMaps. */
  public static final String SPEC_HASH = HoneApi.GROUP + "/spec-hash";

  /** What an object is for, where its kind does not say it: one of the roles below. */
  public static final String ROLE = HoneApi.GROUP + "/role";

  /** Version of a model that a pod serves, where a rollout has several; the name's hash. */
  public static final String VERSION = HoneApi.GROUP + "/version";

  public static final String ROLE_VERSION = "version";
  public static final String ROLE_ROUTER = "router";
  public static final String ROLE_CONFIG = "config";
  public static final String ROLE_RESULT = "result";
  public static final String ROLE_DELETION = "deletion";

  /** Annotation of a pod with its index in a Job on several nodes, by the Job's controller. */
  public static final String COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";

  /** On a resource and its Job: the LocalQueue of Kueue that the run waits in. */
  public static final String QUEUE = "kueue.x-k8s.io/queue-name";

  /** Beside it: Kueue's WorkloadPriorityClass. */
  public static final String QUEUE_PRIORITY = "kueue.x-k8s.io/priority-class";

  private Labels() {}

  /** The labels of an object that belongs to the given resource. */
  public static Map<String, String> of(String kind, String name) {
    return Map.of(
        MANAGED_BY, MANAGED_BY_HONE,
        APP_NAME, kind.toLowerCase(Locale.ROOT),
        APP_INSTANCE, name,
        KIND, kind,
        NAME, name);
  }

  /** The labels of an object that belongs to one run of the given resource. */
  public static Map<String, String> of(String kind, String name, String hash) {
    return Map.of(
        MANAGED_BY, MANAGED_BY_HONE,
        APP_NAME, kind.toLowerCase(Locale.ROOT),
        APP_INSTANCE, name,
        KIND, kind,
        NAME, name,
        SPEC_HASH, hash);
  }

  /**
   * The labels that select the pods of a resource; a subset of {@link #of(String, String)} that
   * never changes.
   */
  public static Map<String, String> selector(String kind, String name) {
    return Map.of(KIND, kind, NAME, name);
  }
}
