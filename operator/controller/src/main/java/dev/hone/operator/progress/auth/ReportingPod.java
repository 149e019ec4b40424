package dev.hone.operator.progress.auth;

/** A pod that reports, and the Job that controls it. */
record ReportingPod(PodIdentity pod, String jobName, String jobUid) {}
