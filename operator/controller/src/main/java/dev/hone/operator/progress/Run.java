package dev.hone.operator.progress;

/** The one run of a resource that counts now: the Job that its status names. */
public record Run(
    ResourceKey resource, String resourceUid, String jobName, String jobUid, String hash) {}
