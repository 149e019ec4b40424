package dev.hone.api;

import java.util.Arrays;
import java.util.Optional;

/** Every reason that a condition or a {@code status.failure} can have. */
public enum Reason {
  // Ready, while nothing runs yet
  WAITING_FOR_REFERENCE(
      "WaitingForReference",
      "Waits for the resource that `from` names; starts by itself once that one is ready."),
  INVALID(
      "Invalid",
      "The spec cannot be carried out as it is written; the message says what to write instead."),
  UNSUPPORTED(
      "Unsupported",
      "The spec asks for something that this version knows by name but cannot do yet."),
  PENDING(
      "Pending", "The Job exists, its pod does not run yet; the message says what it waits for."),
  SUSPENDED("Suspended", "`runPolicy.suspend` holds the Job; set it to false to go on."),
  QUEUED(
      "Queued",
      "The Job waits in the queue of Kueue that the label `kueue.x-k8s.io/queue-name` names; the"
          + " message says for what."),
  // Ready, while it runs
  RUNNING("Running", "The pod is at work; see `status.progress`."),
  RETRYING(
      "Retrying",
      "A pod failed and the Job starts another one, as `runPolicy.backoffLimit` allows."),
  EVALUATING_GATE(
      "EvaluatingGate",
      "The run has ended, and its gate waits for a figure that the run could not measure; see the"
          + " condition `Accepted`."),
  DELETING(
      "Deleting",
      "The resource is being deleted and `output.deletionPolicy` is Delete; the message says what"
          + " that waits for."),
  ARTIFACT_KEPT(
      "ArtifactKept",
      "Of an event: the resource is gone, and its artifacts could not be deleted; the message says"
          + " why."),
  // Ready, at the end of a run
  COMPLETED("Completed", "The run made its artifact."),
  REUSED("Reused", "The artifact of this spec was there already, so that nothing was run."),
  REJECTED(
      "Rejected",
      "The run made its artifact, but the gate did not let it pass; see the condition `Accepted`."),
  CANCELLED("Cancelled", "`runPolicy.cancel` ended the run, and nothing is started again."),
  FAILED("Failed", "The run ended without an artifact; see `status.failure`."),
  // Ready and Available of an InferenceDeployment
  DEPLOYING("Deploying", "Pods with the wanted artifact are starting."),
  AVAILABLE("Available", "Every replica serves the wanted artifact."),
  DEGRADED("Degraded", "Fewer replicas are ready than wanted, and at least one serves."),
  UNAVAILABLE("Unavailable", "No replica is ready."),
  // EnginesReady, and Ready of an InferenceDeployment that has none yet
  ENGINES_READY("EnginesReady", "The engines that the pods load are built."),
  BUILDING_ENGINE(
      "BuildingEngine",
      "An engine is built that the pods need; the message says which and how far."),
  ENGINE_FAILED(
      "EngineFailed",
      "An engine could not be built; the message has the words of the builder, and names the EngineBuild."),
  // ReferencesResolved
  RESOLVED("Resolved", "Everything that the spec refers to was found and is ready."),
  REFERENCE_NOT_FOUND(
      "ReferenceNotFound", "The resource that `from` names does not exist in this namespace."),
  REFERENCE_NOT_READY("ReferenceNotReady", "The resource that `from` names has not completed yet."),
  REFERENCE_FAILED(
      "ReferenceFailed", "The resource that `from` names has failed, or was canceled."),
  REFERENCE_REJECTED(
      "ReferenceRejected",
      "The gate of the resource that `from` names did not let its result pass."),
  REFERENCE_CYCLE(
      "ReferenceCycle",
      "The resource refers to itself by way of others; remove one `from` of the cycle."),
  VOLUME_NOT_SHARED(
      "VolumeNotShared",
      "The run needs several nodes, and a volume can be mounted by one alone; the message names its"
          + " claim."),
  // Accepted
  GATE_MET("GateMet", "Every bound of the gate was measured and met."),
  GATE_NOT_MET(
      "GateNotMet", "At least one bound of the gate is not met; the message gives the figures."),
  GATE_NOT_MEASURED(
      "GateNotMeasured", "A bound of the gate has no measured figure, so that it is not met."),
  GATE_UNDECIDED(
      "GateUndecided",
      "Of the gate's bounds one asks for a figure of another class of device than the run's; all"
          + " others are met."),
  SELECTION_UNKNOWN(
      "SelectionUnknown",
      "`search.select` names a trial that is not on the Pareto front; the message says which ones"
          + " are."),
  ROLLED_BACK(
      "RolledBack",
      "A new version failed its rollout and the old one serves; the message gives the figures."),
  NO_GATE("NoGate", "The spec has no gate: any result is accepted."),
  NOT_FINISHED("NotFinished", "There is no result to judge yet."),
  // Failures that the operator sees
  OUT_OF_MEMORY(
      "OutOfMemory",
      "The container went over its memory limit and was killed; raise `resources.memory`."),
  DEADLINE_EXCEEDED(
      "DeadlineExceeded",
      "The run took longer than `runPolicy.activeDeadlineSeconds`, or a pod waited longer than"
          + " `runPolicy.pendingDeadlineSeconds`."),
  POD_EVICTED(
      "PodEvicted",
      "The node evicted the pod, or went away, more often than `runPolicy.backoffLimit`."),
  POD_FAILED("PodFailed", "The container ended with an error and left no reason."),
  // Failures that the pod tells; the names are those of the contract
  CONFIG_INVALID("ConfigInvalid", "The pod refuses its configuration."),
  MODEL_NOT_FOUND("ModelNotFound", "There is no model at the uri."),
  MODEL_INVALID(
      "ModelInvalid", "What stands at the model's uri cannot be loaded, or does not fit the task."),
  DATASET_NOT_FOUND("DatasetNotFound", "There is no data at the uri."),
  DATASET_INVALID("DatasetInvalid", "The data cannot be read in the format that was given."),
  DATASET_COLUMN_MISSING(
      "DatasetColumnMissing", "A column that `dataset.columns` names is not in the data."),
  LABEL_UNKNOWN(
      "LabelUnknown",
      "The data holds a label that is not in `task.labels`, or that the model does not know."),
  ARTIFACT_CORRUPT(
      "ArtifactCorrupt", "A file of an artifact differs from the digest in its manifest."),
  OUTPUT_NOT_WRITABLE("OutputNotWritable", "The pod cannot write below `output.uri`."),
  REPORT_REJECTED("ReportRejected", "The operator did not take the result in time."),
  PEER_LOST(
      "PeerLost",
      "Another process of the run ended or was out of reach, so that this one ended too; the next"
          + " try goes on from the checkpoint."),
  INTERRUPTED("Interrupted", "The pod was told to stop before it had finished."),
  INTERNAL("Internal", "An error in Hone itself; the pod's log tells more.");

  private final String value;
  private final String description;

  Reason(String value, String description) {
    this.value = value;
    this.description = description;
  }

  /** The reason as it stands in a condition. */
  public String value() {
    return value;
  }

  /** What the reason means; the reference documentation is made of it. */
  public String description() {
    return description;
  }

  /** The reason with the given text, if there is one. */
  public static Optional<Reason> of(String value) {
    return Arrays.stream(values()).filter(reason -> reason.value.equals(value)).findFirst();
  }

  @Override
  public String toString() {
    return value;
  }
}
