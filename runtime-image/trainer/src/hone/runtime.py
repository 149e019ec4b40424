"""What a run is made of: every executor gets a RunContext and returns a RunOutcome."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hone.contract import (
    ExportSummary,
    JobConfig,
    LineageEntry,
    Metrics,
    Resumes,
    SearchReport,
    StepReport,
    TrainingSummary,
)
from hone.contract.training import Task
from hone.distributed import ALONE, Group
from hone.interrupt import Interrupt
from hone.progress import Progress
from hone.store import Store


@dataclass(frozen=True)
class RunContext:
    """What an executor may use.

    `output` is the artifact's folder, empty: everything that is written into it (but for names with a leading dot)
    becomes the artifact when the executor returns. `checkpoints` outlives the pod, `workspace` does not. In a run that
    several processes share, only the first one of `group` writes to `output`.
    """

    config: JobConfig
    store: Store
    progress: Progress
    interrupt: Interrupt
    output: Path
    checkpoints: Path
    workspace: Path
    group: Group = ALONE


@dataclass(frozen=True)
class RunOutcome:
    """What an executor made: goes into the manifest and the result. `model_path` is relative to the output."""

    model_format: Literal["Transformers", "ONNX", "OpenVINO", "LiteRT"]
    model_path: str | None
    task: Task | None
    lineage: list[LineageEntry]
    metrics: Metrics
    training: TrainingSummary | None = None
    resumes: Resumes | None = None
    steps: list[StepReport] = field(default_factory=list)
    export: ExportSummary | None = None
    search: SearchReport | None = None
    warnings: list[str] = field(default_factory=list)


#: `hone.finetune.run`, `hone.compress.executor.run` and `hone.compress.search.run`; None
#: from a process that has only helped the first one.
Executor = Callable[[RunContext], RunOutcome | None]
