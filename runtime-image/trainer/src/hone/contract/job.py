"""The job configuration: what the operator hands to a pod. Its members have the names of the resource's spec."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hone.contract.base import Digest, Document, Hash, Positive
from hone.contract.compression import Export, Gate, Search, Step
from hone.contract.method import Method
from hone.contract.source import Data, ResolvedModel, Uri
from hone.contract.training import Checkpoint, Distributed, Evaluation, Precision, Task, Tracking, Training

__all__ = ["Columns", "Dataset", "Digest", "JobConfig", "Output", "Report", "Task"]

Column = Annotated[str, Field(max_length=128)]


class Columns(Document):
    """Which column holds what."""

    text: Column | None = None
    text_pair: Column | None = None
    label: Column | None = None
    prompt: Column | None = None
    completion: Column | None = None
    messages: Column | None = None
    image: Column | None = None
    tokens: Column | None = None


class Dataset(Document):
    """The data of a run, by use."""

    train: Data | None = None
    evaluation: Data | None = None
    calibration: Data | None = None
    columns: Columns = Columns()
    max_rows: Positive | None = None


class Output(Document):
    """Where the artifact goes: `<uri>/<name>-<hash>/`; merge false keeps the adapter alone."""

    uri: Uri
    merge: bool = True


class Report(Document):
    """Where, and with what, the run tells the operator."""

    url: Annotated[str, Field(pattern=r"^https://.+$")]
    token_file: str
    ca_file: str


class JobConfig(Document):
    """One run."""

    contract_version: Literal["v1"]
    kind: Literal["FineTuneJob", "CompressionJob"]
    namespace: Annotated[str, Field(min_length=1, max_length=63)]
    name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$")]
    hash: Hash
    model: ResolvedModel
    dataset: Dataset
    task: Task | None = None
    method: Method | None = None
    precision: Precision = Precision()
    training: Training | None = None
    checkpoint: Checkpoint | None = None
    evaluation: Evaluation | None = None
    tracking: Tracking | None = None
    distributed: Distributed | None = None
    steps: Annotated[list[Step], Field(max_length=10)] | None = None
    search: Search | None = None
    export: Export | None = None
    gate: Gate | None = None
    output: Output
    report: Report | None = None

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        required, refused = (
            (("task", "method", "training"), ("steps", "search", "export", "gate"))
            if self.kind == "FineTuneJob"
            else (("export",), ("method", "training", "evaluation", "tracking"))
        )
        if missing := [name for name in required if getattr(self, name) is None]:
            raise ValueError(f"a {self.kind} needs {', '.join(missing)}")
        if present := [name for name in refused if getattr(self, name) is not None]:
            raise ValueError(f"a {self.kind} has no {', '.join(present)}")
        if self.search is not None and self.steps:
            raise ValueError("exactly one of steps, search must be set")
        return self

    @property
    def artifact_name(self) -> str:
        """The name of the artifact's folder."""
        return f"{self.name}-{self.hash}"
