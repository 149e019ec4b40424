"""The compression steps, the export formats and the gate."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hone.contract.base import Amount, Count, Document, Int, Positive, Union
from hone.contract.method import Layers
from hone.contract.result import MetricName
from hone.contract.source import ResolvedModel
from hone.contract.training import Training

Share = Annotated[float, Field(gt=0, le=1)]


class Student(Document):
    """The smaller model of a distillation."""

    layers: Annotated[Int, Field(ge=1, le=1000)] | None = None
    hidden_size: Annotated[Int, Field(ge=1, le=65536)] | None = None
    intermediate_size: Annotated[Int, Field(ge=1, le=262144)] | None = None
    init_from_layers: Annotated[list[Count], Field(max_length=1000)] | None = None


class Distill(Document):
    """A smaller model learns from a larger one."""

    teacher: ResolvedModel | None = None
    student: Student | None = None
    temperature: Annotated[float, Field(gt=0, le=100)] | None = None
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    hidden_state_weight: Amount | None = None
    attention_weight: Amount | None = None
    training: Training | None = None


class Prune(Document):
    """Weights, heads, channels or layers are taken away."""

    pattern: Literal["Unstructured", "TwoFour", "Channels", "Heads", "Layers"] | None = None
    sparsity: Annotated[float, Field(gt=0, lt=1)] | None = None
    scope: Literal["Global", "Local"] | None = None
    importance: Literal["Magnitude", "Taylor", "BatchNormScale"] | None = None
    gradual_steps: Positive | None = None
    exclude_layers: Layers | None = None
    training: Training | None = None


class Factorize(Document):
    """Matrices become products of smaller ones."""

    rank_ratio: Share | None = None
    energy: Share | None = None
    activation_weighted: bool | None = None
    exclude_layers: Layers | None = None


class ShareWeights(Document):
    """Weights come from a small codebook."""

    codebook_bits: Annotated[Int, Field(ge=1, le=8)] | None = None
    group_size: Positive | None = None
    tie_layers: bool | None = None
    exclude_layers: Layers | None = None


class Calibration(Document):
    """How the ranges of a static quantization are found."""

    method: Literal["MinMax", "Entropy", "Percentile"] | None = None
    samples: Annotated[Int, Field(ge=1, le=100000)] | None = None
    percentile: Annotated[float, Field(gt=0, le=100)] | None = None


class Sensitivity(Document):
    """How layers that lose too much are found, to be left as they are."""

    max_error: Annotated[float, Field(gt=0, le=10)] | None = None
    max_layers: Annotated[Int, Field(ge=0, le=1000)] | None = None


class Quantize(Document):
    """Fewer bits for each number."""

    scheme: Literal["FP16", "BF16", "INT8Dynamic", "INT8Static", "INT8QAT", "INT4WeightOnly"]
    per_channel: bool | None = None
    embeddings: bool | None = None
    target: Literal["CPU", "TensorRT"] | None = None
    calibration: Calibration | None = None
    smooth_quant_alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    group_size: Literal[16, 32, 64, 128, 256] | None = None
    embedding_bits: Literal[4, 8] | None = None
    exclude_layers: Layers | None = None
    sensitivity: Sensitivity | None = None
    training: Training | None = None


class Fuse(Document):
    """Neighbouring operators become one."""

    patterns: (
        Annotated[list[Literal["ConvBNReLU", "ConvBN", "LinearBN", "ConvBNAddReLU"]], Field(min_length=1, max_length=8)]
        | None
    ) = None


class Step(Union):
    """Exactly one step."""

    distill: Distill | None = None
    prune: Prune | None = None
    factorize: Factorize | None = None
    share_weights: ShareWeights | None = None
    quantize: Quantize | None = None
    fuse: Fuse | None = None


class Onnx(Document):
    """ONNX, for ONNX Runtime and TensorRT's parser."""

    opset: Annotated[Int, Field(ge=17, le=24)] | None = None


class TensorRT(Document):
    """A TensorRT engine."""

    precision: Literal["FP32", "FP16", "BF16", "INT8"] | None = None
    max_batch_size: Annotated[Int, Field(ge=1, le=4096)] | None = None


class TfLite(Document):
    """LiteRT, for devices."""

    batch_size: Annotated[Int, Field(ge=1, le=4096)] | None = None


class OpenVino(Document):
    """OpenVINO's intermediate representation."""

    compress_to_fp16: Annotated[bool | None, Field(alias="compressToFP16")] = None


class Export(Union):
    """Exactly one format."""

    onnx: Onnx | None = None
    tensor_rt: Annotated[TensorRT | None, Field(alias="tensorRT")] = None
    tf_lite: TfLite | None = None
    open_vino: Annotated[OpenVino | None, Field(alias="openVINO")] = None


Objective = Literal["Smallest", "Fastest", "MostAccurate"]


class Search(Document):
    """Recipes are tried instead of given; `select` takes a trial by its number instead of the best one."""

    objective: Objective
    trials: Annotated[Int, Field(ge=1, le=1000)] | None = None
    timeout_seconds: Annotated[Int, Field(ge=60, le=31536000)] | None = None
    gpu_hours: Annotated[float, Field(gt=0, le=1000000)] | None = None
    parallelism: Annotated[Int, Field(ge=1, le=64)] | None = None
    select: Annotated[Int, Field(ge=0, le=999)] | None = None


class MetricBound(Document):
    """How much worse a figure of the task may become, in its own unit."""

    name: MetricName
    max_drop: Amount | None = None
    max_ratio: Amount | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.max_drop is None) == (self.max_ratio is None):
            raise ValueError("exactly one of maxDrop, maxRatio must be set")
        return self


class Gate(Document):
    """What a compressed model may lose, and must gain, to be accepted."""

    max_accuracy_drop: Annotated[float, Field(ge=0, le=100)] | None = None
    metric: MetricBound | None = None
    min_agreement: Annotated[float, Field(ge=0, le=1)] | None = None
    max_size_ratio: Annotated[float, Field(gt=0, le=10)] | None = None
    min_speedup: Annotated[float, Field(gt=0, le=1000)] | None = None
    confidence: Literal["Point", "Interval"] | None = None
