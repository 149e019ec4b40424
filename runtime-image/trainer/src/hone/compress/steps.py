"""The registries of compression steps: from what is asked for to what will be done.

Network steps change the PyTorch network before it is exported, file steps the ONNX file after that.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hone.compress.distill import plan_distill
from hone.compress.factorize import factorize
from hone.compress.fuse import fuse
from hone.compress.prune import plan_prune
from hone.compress.quantize import quantizer_for
from hone.compress.share import share_weights
from hone.compress.technique import FileStep, Materials, NetworkStep, Plan
from hone.contract.compression import Quantize, Step
from hone.errors import RunError

#: By the names in the contract; a technique of the network adds its maker here.
NETWORK_STEPS: dict[str, Callable[[Any], NetworkStep]] = {
    "distill": plan_distill,
    "prune": plan_prune,
    "factorize": factorize,
    "shareWeights": share_weights,
    "fuse": fuse,
}


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
