package dev.hone.api;

import java.util.regex.Pattern;

/** How everything that the operator makes is named; public, so that users and tools can find it. */
public final class Names {

  /** What a resource may be called: Services, Jobs and label values are made of it. */
  public static final String NAME_REGEX = "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$";

  public static final Pattern NAME_PATTERN = Pattern.compile(NAME_REGEX);

  /** The longest spec hash, as it stands at the end of a Job's name. */
  public static final int HASH_LENGTH = 10;

  public static final Pattern HASH_PATTERN = Pattern.compile("^[0-9a-z]{1,10}$");

  /** Key of the job's configuration in its ConfigMap. */
  public static final String JOB_CONFIG_KEY = "job.json";

  /** Key of the certificate authority of the operator in the job's ConfigMap. */
  public static final String CA_KEY = "ca.crt";

  /** Key of the result in the result ConfigMap. */
  public static final String RESULT_KEY = "result.json";

  /** Name of the container that trains, compresses and measures. */
  public static final String TRAINER_CONTAINER = "trainer";

  /** Name of the container that serves a model. */
  public static final String SERVER_CONTAINER = "server";

  /** Name of the container that writes a model repository before Triton starts. */
  public static final String REPOSITORY_CONTAINER = "repository";

  /** Name of the container that spreads requests over two versions. */
  public static final String ROUTER_CONTAINER = "router";

  /** Key of the router's configuration in its ConfigMap. */
  public static final String ROUTING_KEY = "routing.json";

  /** Audience of the tokens that pods report with. */
  public static final String REPORT_AUDIENCE = "hone.dev/reports";

  private Names() {}

  /** The Job that runs a resource, and the artifact's folder. */
  public static String job(String name, String hash) {
    return name + "-" + hash;
  }

  /** The ConfigMap that a Job reads its configuration from. */
  public static String jobConfigMap(String name, String hash) {
    return job(name, hash);
  }

  /** The immutable ConfigMap that keeps the result of a Job. */
  public static String resultConfigMap(String name, String hash) {
    return job(name, hash) + "-result";
  }

  /**
   * The Job that deletes the artifacts of a resource. The start of its unique id keeps it apart
   * from that of an earlier resource of this name.
   */
  public static String deletionJob(String name, String uid) {
    return name + "-delete-" + uid.substring(0, Math.min(uid.length(), 8));
  }

  /** The headless Service over which the pods of a Job on several nodes find one another. */
  public static String jobService(String name, String hash) {
    return job(name, hash);
  }

  /** Where the first pod of a Job on several nodes is found, in its namespace. */
  public static String jobLeader(String name, String hash) {
    return job(name, hash) + "-0." + jobService(name, hash);
  }

  /** The Deployment that serves an InferenceDeployment. */
  public static String deployment(String name) {
    return name;
  }

  /** The Service in front of an InferenceDeployment. */
  public static String service(String name) {
    return name;
  }

  /** The Deployment of one version of an InferenceDeployment with a rollout, and its Service. */
  public static String version(String name, String hash) {
    return name + "-" + hash;
  }

  /** The Deployment of the router of an InferenceDeployment, and its ConfigMap. */
  public static String router(String name) {
    return name + "-router";
  }

  /** The Secret with the certificate of the router; another certificate has another Secret. */
  public static String routerSecret(String name, String hash) {
    return name + "-router-" + hash;
  }

  /** All versions of an InferenceDeployment together, as their certificate calls them. */
  public static String versions(String name) {
    return name + "-version";
  }

  /** The Secret with the certificate of the versions' pods; another has another Secret. */
  public static String versionSecret(String name, String hash) {
    return versions(name) + "-" + hash;
  }

  /** The PodDisruptionBudget of an InferenceDeployment. */
  public static String podDisruptionBudget(String name) {
    return name;
  }

  /** The HorizontalPodAutoscaler of an InferenceDeployment. */
  public static String autoscaler(String name) {
    return name;
  }

  /** The folder of an artifact below the user's output uri; without a slash at its end. */
  public static String artifactUri(String outputUri, String name, String hash) {
    String base = outputUri;
    while (base.endsWith("/")) {
      base = base.substring(0, base.length() - 1);
    }
    return base + "/" + job(name, hash);
  }

  /** The folder of an engine: beside the artifact that it is of, under its key. */
  public static String engineUri(String artifactUri, String key) {
    int scheme = artifactUri.indexOf("://") + "://".length();
    String base = artifactUri;
    while (base.endsWith("/")) {
      base = base.substring(0, base.length() - 1);
    }
    int last = base.lastIndexOf('/');
    // An artifact that is the whole volume has nothing beside it.
    String parent = last < scheme ? base : base.substring(0, last);
    return parent + "/engines/" + key;
  }

  /** The address that a pod of the resource reports to, below the operator's base address. */
  public static String reportPath(String namespace, String plural, String name) {
    return "/v1/namespaces/" + namespace + "/" + plural + "/" + name;
  }

  /**
   * The address of a served model inside the cluster.
   *
   * @param tls whether the server speaks TLS
   */
  public static String endpoint(String namespace, String name, boolean tls) {
    String scheme = tls ? "https" : "http";
    return scheme + "://" + service(name) + "." + namespace + ".svc:8000/v2/models/" + name;
  }
}
