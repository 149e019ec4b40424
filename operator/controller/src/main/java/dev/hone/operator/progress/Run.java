package dev.hone.operator.progress;

/**
 * The one run of a resource that counts now: the Job that its status names.
 *
 * @param seen the resource as it was when the report came
 */
public record Run(
    ResourceKey resource, ObservedRun seen, String jobName, String jobUid, String hash) {

  /** Uid of the resource. */
  public String resourceUid() {
    return seen.resourceUid();
  }
}
