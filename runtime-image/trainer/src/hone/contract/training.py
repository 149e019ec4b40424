"""What to learn and how: task, precision, training and checkpoints."""

from typing import Annotated, Literal, Self

from pydantic import Field

from hone.contract.base import Amount, Document, Int, Positive, Union

TaskType = Literal[
    "TextClassification",
    "MultiLabelClassification",
    "Regression",
    "TokenClassification",
    "CausalLM",
    "ImageClassification",
]
Label = Annotated[str, Field(min_length=1, max_length=128)]
Resample = Literal["Nearest", "Lanczos", "Bilinear", "Bicubic", "Box", "Hamming"]
Side = Annotated[Int, Field(ge=1, le=8192)]
Batch = Annotated[Int, Field(ge=1, le=65536)]


class Task(Document):
    """What the model is to do; the labels' order is the order of the logits."""

    type: TaskType
    labels: Annotated[list[Label], Field(max_length=1000)] | None = None
    max_length: Annotated[Int, Field(ge=1, le=131072)] | None = None


class ImageInput(Document):
    """How an image becomes a model's input, in this order: RGB, resize, center crop, rescale, normalize.

    `height` and `width` are the input's, in pixels. With `resize_shortest_edge` the image keeps its proportions: the
    shorter edge becomes that long, and the middle is cut out; without, it is stretched to the input's size. A pixel of
    0 to 255 is multiplied by `rescale_factor`; then `mean` is taken away and the rest divided by `std`, each one number
    for each channel. `resample` has Pillow's names.
    """

    height: Side
    width: Side
    channels: Annotated[Int, Field(ge=1, le=4)]
    resize_shortest_edge: Side | None = None
    resample: Resample
    rescale_factor: Annotated[float, Field(gt=0, le=1)]
    mean: Annotated[list[float], Field(min_length=1, max_length=4)]
    std: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=4)]


class TrainedTask(Task):
    """What a model was trained to do, with what has to be known to ask it."""

    image: ImageInput | None = None

    @classmethod
    def of(cls, task: Task) -> Self:
        """The same task, as a manifest has it."""
        return task if isinstance(task, cls) else cls.model_validate(dict(task))


class Precision(Document):
    """Mixed precision. Auto takes BF16 on a GPU that computes in it, FP16 on an older one, FP32 on a CPU."""

    mode: Literal["FP32", "FP16", "BF16", "Auto"] = "Auto"
    tf32: bool | None = None
    initial_loss_scale: Annotated[float, Field(gt=0)] = 65536.0
    loss_scale_growth_interval: Positive = 2000


class ClassWeights(Union):
    """How much the examples of each label count: worked out from the training data, or by name (1 where left out)."""

    mode: Literal["Balanced"] | None = None
    weights: Annotated[dict[Label, Annotated[float, Field(gt=0)]], Field(min_length=1, max_length=256)] | None = None


class Training(Document):
    """The optimizer's loop; steps wins over epochs, and without both it is three epochs."""

    epochs: Annotated[float, Field(gt=0, le=10000)] | None = None
    steps: Positive | None = None
    batch_size: Batch = 8
    evaluation_batch_size: Batch = 32
    gradient_accumulation_steps: Batch = 1
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    schedule: Literal["Linear", "Cosine", "Constant", "ConstantWithWarmup", "Polynomial"] = "Linear"
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.0
    warmup_steps: Annotated[Int, Field(ge=0, le=1_000_000_000)] | None = None
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_grad_norm: Amount = 1.0
    gradient_checkpointing: bool = False
    packing: bool = False
    seed: Annotated[Int, Field(ge=0, le=4294967295)] = 42
    class_weights: ClassWeights | None = None
    strategy: Literal["DDP", "FSDP2"] = "DDP"


class Checkpoint(Document):
    """How often the training's state is saved, and how many of them stay."""

    every_steps: Positive | None = None
    keep_last: Annotated[Int, Field(ge=1, le=100)] = 2


class EarlyStopping(Document):
    """Ends a training after `patience` evaluations in a row that were not better by more than `min_improvement`."""

    patience: Annotated[Int, Field(ge=1, le=1_000_000)]
    min_improvement: Annotated[float, Field(ge=0, le=1_000_000)] = 0.0


class Evaluation(Document):
    """Evaluation while a training goes on; without a metric it goes by the task's first."""

    every_steps: Annotated[Int, Field(ge=1, le=1_000_000_000)]
    metric: Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=64)] | None = None
    keep_best: bool = True
    early_stopping: EarlyStopping | None = None


class MlFlow(Document):
    """A run on an MLflow tracking server, or in a local file store."""

    uri: Annotated[str, Field(pattern=r"^(https?://|file:///).+$", max_length=1024)]
    experiment: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class Tracking(Document):
    """Where a training is told of, beside the status."""

    mlflow: MlFlow | None = None


class Distributed(Document):
    """How many processes share the run: one per GPU of each node, or one per node on CPUs alone."""

    nodes: Annotated[Int, Field(ge=1, le=64)]
    processes_per_node: Annotated[Int, Field(ge=1, le=64)]

    @property
    def processes(self) -> int:
        """All of them."""
        return self.nodes * self.processes_per_node
