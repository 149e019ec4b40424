"""The result of a run: what it made and measured."""

from typing import Annotated, Literal

from pydantic import Field

from hone.contract.base import Amount, Count, Digest, Document, Hash, Positive

Role = Literal["Model", "TrainData", "EvaluationData", "CalibrationData", "Teacher"]


class Interval(Document):
    """A figure with the bounds of its 95% interval."""

    value: float
    low: float | None = None
    high: float | None = None


class Latency(Document):
    """How long one request takes."""

    p50: Amount
    p99: Amount | None = None
    batch_size: Positive | None = None
    threads: Positive | None = None
    samples: Positive | None = None
    device: Annotated[str, Field(max_length=128)] | None = None


MetricName = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=64)]
#: Figures by name: accuracies in percent, F1, R2 and Spearman as fractions of 1, errors in the units of the target.
Figures = Annotated[dict[MetricName, Interval], Field(max_length=32)]


class Measurement(Document):
    """What was measured of one model; accuracy is in percent, and primaryMetric is one of metrics."""

    accuracy: Interval | None = None
    macro_f1: float | None = None
    metrics: Figures | None = None
    primary_metric: MetricName | None = None
    loss: float | None = None
    samples: Count | None = None
    size_bytes: Count | None = None
    latency_millis: Latency | None = None


class Comparison(Document):
    """The model after against the model before; a drop is negative if something was gained.

    accuracyDrop is in percentage points, each of metricDrops in its own unit; metricRatios are after divided by
    before, of figures of which less is better. speedupUnknown says why there is no speedup that counts on this device.
    """

    accuracy_drop: Interval | None = None
    metric_drops: Figures | None = None
    metric_ratios: Figures | None = None
    size_ratio: Annotated[float, Field(gt=0)] | None = None
    speedup: Interval | None = None
    speedup_unknown: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    agreement_interval: Interval | None = None


class Metrics(Document):
    """Both models' measurements and the comparison."""

    before: Measurement | None = None
    after: Measurement | None = None
    comparison: Comparison | None = None


class BestStep(Document):
    """The evaluation, during a training, that was better than all others."""

    step: Positive
    metric: Annotated[str, Field(max_length=64)]
    value: float


class CurvePoint(Document):
    """One point of a loss curve."""

    step: Positive
    loss: float | None = None
    evaluation_loss: float | None = None


class QuantizedBase(Document):
    """The base model that QLoRA trained over: its bytes against BF16, and how far the merged model is from it.

    `largest_difference` is that of any logit of some real inputs, between the quantized model with its updates, as it
    was trained, and the dequantized and merged model in FP32 that is saved.
    """

    quant_type: Literal["NF4", "FP4"]
    linear_bytes: Count
    linear_ratio: Amount
    model_ratio: Amount
    largest_difference: Amount | None = None


class Kernel(Document):
    """What computed an operation that has a Triton kernel, and why that."""

    operation: Annotated[str, Field(min_length=1, max_length=64)]
    implementation: Literal["Triton", "Reference"]
    reason: Annotated[str, Field(max_length=256)]


class TrainingSummary(Document):
    """How the training went."""

    steps: Count | None = None
    epochs: Amount | None = None
    final_loss: float | None = None
    trainable_parameters: Count | None = None
    total_parameters: Count | None = None
    samples_per_second: Amount | None = None
    skipped_steps: Count | None = None
    peak_memory_bytes: Count | None = None
    precision: Literal["FP32", "FP16", "BF16"] | None = None
    device: Annotated[str, Field(max_length=128)] | None = None
    threads: Positive | None = None
    resumed_from_step: Count | None = None
    best: BestStep | None = None
    stopped_early: bool | None = None
    last_points: Annotated[list[CurvePoint], Field(max_length=10)] | None = None
    quantized_base: QuantizedBase | None = None
    kernels: Annotated[list[Kernel], Field(max_length=16)] | None = None


class Resumes(Document):
    """How often another pod went on with a training, and how many steps were done again over all of them."""

    count: Count
    lost_steps: Count


class Parity(Document):
    """How far the answers of an exported file are from those of the PyTorch network it was made from.

    Over all logits of the samples: the largest difference, and the L2 norm of the differences over that of PyTorch's
    logits. `top_agreement` is the share of answers with the same largest logit, and missing where there is one logit.
    """

    max_absolute: Amount
    relative_l2: Amount
    top_agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    samples: Positive


class ExportSummary(Document):
    """What the model was written as."""

    format: Literal["ONNX", "TensorRT", "OpenVINO", "LiteRT"]
    opset: Positive | None = None
    parity: Parity | None = None
    message: Annotated[str, Field(max_length=1024)] | None = None


class LineageEntry(Document):
    """One input of the run, by its digest."""

    role: Role
    uri: Annotated[str, Field(min_length=1, max_length=1200)]
    digest: Digest


class PhaseTime(Document):
    """How long a phase took."""

    name: Annotated[str, Field(max_length=64)]
    seconds: Amount


class StepReport(Document):
    """What a compression step did; the figures are the network's after it, its MACs those of one input."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    seconds: Amount
    parameters: Count | None = None
    non_zero_parameters: Count | None = None
    macs: Count | None = None
    sparsity: Annotated[float, Field(ge=0, le=1)] | None = None
    message: Annotated[str, Field(max_length=1024)]


class ArtifactReference(Document):
    """Where the artifact is; its digest is sha256 over the bytes of its manifest."""

    uri: Annotated[str, Field(min_length=1, max_length=1200)]
    digest: Digest
    size_bytes: Count


class SearchPoint(Document):
    """A recipe that no other one beats in everything; its artifact is that of a CompressionJob with these steps."""

    trial: Annotated[Count, Field(le=999)]
    recipe: Annotated[str, Field(min_length=1, max_length=512)]
    summary: Annotated[str, Field(max_length=256)]
    artifact: ArtifactReference
    after: Measurement
    comparison: Comparison
    export: ExportSummary | None = None


class SearchReport(Document):
    """What a search tried: the Pareto front, of which `selected` is the trial whose artifact counts."""

    objective: Literal["Smallest", "Fastest", "MostAccurate"]
    trials: Count
    failed: Count | None = None
    stopped_early: Count | None = None
    seconds: Amount
    selected: Annotated[Count, Field(le=999)] | None = None
    points: Annotated[list[SearchPoint], Field(min_length=1, max_length=20)]


Lineage = Annotated[list[LineageEntry], Field(max_length=32)]
Steps = Annotated[list[StepReport], Field(max_length=10)]
Warnings = Annotated[list[Annotated[str, Field(max_length=1024)]], Field(max_length=32)]


class RunResult(Document):
    """What a finished run made and measured; `reused` says that nothing had to be run."""

    contract_version: Literal["v1"]
    hash: Hash
    reused: bool
    artifact: ArtifactReference
    metrics: Metrics
    training: TrainingSummary | None = None
    resumes: Resumes | None = None
    steps: Steps | None = None
    export: ExportSummary | None = None
    search: SearchReport | None = None
    lineage: Lineage
    phases: Annotated[list[PhaseTime], Field(max_length=64)]
    warnings: Warnings | None = None
