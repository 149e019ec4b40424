"""The registry of compression steps: from what is asked for to what will be done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hone.compress.quantize import quantizer_for
from hone.contract.compression import Quantize, Step
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row


@dataclass(frozen=True)
class Materials:
    """What a step may use besides the model: rows to calibrate with, in the order of their data set."""

    calibration: Sequence[Row]


#: Reads a model, writes another, and returns what the user should be warned of.
Apply = Callable[[Path, Path, Materials], list[str]]


@dataclass(frozen=True)
class PlannedStep:
    """A step that will be carried out; `calibration_rows` says how many it needs, `for_gpu` where its result runs."""

    title: str
    apply: Apply
    calibration_rows: int = 0
    for_gpu: bool = False


def plan(steps: Sequence[Step]) -> list[PlannedStep]:
    """Plans all steps before any data is read; one without an executor is refused by name."""
    planned = [_plan(step) for step in steps]
    if sum(step.choice == "quantize" for step in steps) > 1:
        raise RunError(
            "ConfigInvalid", "spec.steps quantizes twice; a model is quantized once, so keep one of the two."
        )
    return planned


def _plan(step: Step) -> PlannedStep:
    if step.quantize is not None:
        return _quantize(step.quantize)
    raise RunError(
        "Unsupported",
        f"The step {step.choice} has no executor yet; take it out of spec.steps, which may hold quantize.",
    )


def _quantize(options: Quantize) -> PlannedStep:
    quantizer = quantizer_for(options)

    def apply(source: Path, target: Path, materials: Materials) -> list[str]:
        return quantizer.quantize(source, target, materials.calibration)

    return PlannedStep(f"quantize {options.scheme}", apply, quantizer.calibration_rows, options.target == "TensorRT")
