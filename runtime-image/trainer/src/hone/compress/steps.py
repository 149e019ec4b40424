"""The registries of compression steps: from what is asked for to what will be done.

Network steps change the PyTorch network before it is exported, file steps the ONNX file after that.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hone.compress.learning import Learning
from hone.compress.quantize import quantizer_for
from hone.compress.subject import Subject
from hone.contract.compression import Quantize, Step
from hone.contract.source import ResolvedModel
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row


@dataclass(frozen=True)
class Materials:
    """What a file step may use besides the model: rows to calibrate with, in the order of their data set."""

    calibration: Sequence[Row]


@dataclass(frozen=True)
class Tools:
    """What a network step may use besides the model.

    Args:
        calibration: rows to calibrate with, in the order of their data set.
        learning: trains a network on dataset.train; refuses if there is none.
        checkpoints: a folder of this step alone that outlives the pod.
        teachers: opens the model of another address, as `distill.teacher` names one, and notes it in the lineage.
    """

    calibration: Sequence[Row]
    learning: Learning
    checkpoints: Path
    teachers: Callable[[ResolvedModel], Subject]


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


#: By the names in the contract; a technique of the network adds its maker here. INT8QAT is in QUANTIZERS below.
NETWORK_STEPS: dict[str, Callable[[Any], NetworkStep]] = {}


def plan(steps: Sequence[Step]) -> Plan:
    """Plan all steps before any data is read; one without an executor, or out of order, is refused by name."""
    if sum(step.choice == "quantize" for step in steps) > 1:
        raise RunError(
            "ConfigInvalid", "spec.steps quantizes twice; a model is quantized once, so keep one of the two."
        )
    planned = [_plan(step) for step in steps]
    quantized: str | None = None
    for step, made in zip(steps, planned, strict=True):
        if step.choice == "quantize":
            quantized = f"quantize {step.quantize.scheme}" if step.quantize else None
        elif quantized is not None and step.choice != "fuse":
            raise RunError(
                "ConfigInvalid",
                f"spec.steps has {made.title} after {quantized}, and what is quantized is changed no more; move "
                f"{step.choice} before it.",
            )
    return Plan(
        [step for step in planned if isinstance(step, NetworkStep)],
        [step for step in planned if isinstance(step, FileStep)],
    )


def _plan(step: Step) -> NetworkStep | FileStep:
    if step.quantize is not None:
        return _quantize(step.quantize)
    if (make := NETWORK_STEPS.get(step.choice)) is not None:
        return make(step.member)
    raise RunError(
        "Unsupported",
        f"The step {step.choice} has no executor yet; take it out of spec.steps, which may hold "
        f"{', '.join(sorted([*NETWORK_STEPS, 'quantize']))}.",
    )


def _quantize(options: Quantize) -> FileStep:
    quantizer = quantizer_for(options)

    def apply(source: Path, target: Path, materials: Materials) -> list[str]:
        return quantizer.quantize(source, target, materials.calibration)

    return FileStep(f"quantize {options.scheme}", apply, quantizer.calibration_rows, options.target == "TensorRT")
