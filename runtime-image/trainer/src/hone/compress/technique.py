"""What a technique gives to the planner, and what it gets to work with; techniques import this, the planner them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone.compress.learning import Learning
from hone.compress.subject import Subject
from hone.contract.source import ResolvedModel
from hone.evaluate.onnx_classifier import Row
from hone.models.fake_quantized import Found


@dataclass(frozen=True)
class Materials:
    """What a file step may use besides the model.

    Args:
        calibration: rows to calibrate with, in the order of their data set.
        found: how the network was rounded while it was trained; None for one that was not.
    """

    calibration: Sequence[Row]
    found: Found | None = None


@dataclass(frozen=True)
class Tools:
    """What a network step may use besides the model.

    Args:
        calibration: rows to calibrate with, in the order of their data set.
        learning: trains a network on dataset.train; refuses if there is none.
        checkpoints: a folder of this step alone that outlives the pod.
        teachers: opens the model of another address, as `distill.teacher` names one, and notes it in the lineage.
        untouched: opens the job's own model as it was before the first step; None for the first step, which has it.
        workspace: a folder for temporary files.
        opset: the version of ONNX's operators that the network will be exported with.
    """

    calibration: Sequence[Row]
    learning: Learning
    checkpoints: Path
    teachers: Callable[[ResolvedModel], Subject]
    untouched: Callable[[], Subject] | None
    workspace: Path
    opset: int


@dataclass(frozen=True)
class Applied:
    """What a network step says of itself.

    Args:
        message: one or two sentences for the status.
        layers: one entry for each layer that was changed, as compression.json has it.
        warnings: what the user should be warned of.
        figures: replaces what is measured of every network, by the names of StepReport: `parameters`,
            `non_zero_parameters`, `macs`, `sparsity`.
    """

    message: str
    layers: Sequence[Mapping[str, Any]] = ()
    warnings: Sequence[str] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NetworkStep:
    """Changes `subject.network`, in place or by another one; `trains` says that it needs dataset.train."""

    title: str
    apply: Callable[[Subject, Tools], Applied]
    calibration_rows: int = 0
    trains: bool = False


@dataclass(frozen=True)
class FileStep:
    """Reads a model, writes another, and returns what the user should be warned of.

    `calibration_rows` says how many it needs, `for_gpu` where its result runs.
    """

    title: str
    apply: Callable[[Path, Path, Materials], list[str]]
    calibration_rows: int = 0
    for_gpu: bool = False


@dataclass(frozen=True)
class Plan:
    """All steps in the order in which they are carried out: the network's, then the file's."""

    network: Sequence[NetworkStep] = ()
    file: Sequence[FileStep] = ()

    @property
    def steps(self) -> list[NetworkStep | FileStep]:
        """All of them."""
        return [*self.network, *self.file]

    @property
    def trains(self) -> bool:
        """Whether any of them trains."""
        return any(step.trains for step in self.network)
