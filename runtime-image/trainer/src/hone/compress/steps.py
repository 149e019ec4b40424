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
from hone.compress.quantize import Quantizer, check_options, quantizer_for
from hone.compress.quantize.aware import plan_aware
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


def plan(steps: Sequence[Step], quantizer: Callable[[Quantize], Quantizer] = quantizer_for) -> Plan:
    """Plan all steps before any data is read; one without an executor, or out of order, is refused by name.

    `quantizer` makes what quantizes the file that the network is exported to: an ONNX file, if nothing else is said.
    """
    if sum(step.choice == "quantize" for step in steps) > 1:
        raise RunError(
            "ConfigInvalid", "spec.steps quantizes twice; a model is quantized once, so keep one of the two."
        )
    planned = [_plan(step, quantizer) for step in steps]
    quantized: str | None = None
    for step, (*_, made) in zip(steps, planned, strict=True):
        if step.choice == "quantize":
            quantized = f"quantize {step.quantize.scheme}" if step.quantize else None
        elif quantized is not None and step.choice != "fuse":
            raise RunError(
                "ConfigInvalid",
                f"spec.steps has {made.title} after {quantized}, and what is quantized is changed no more; move "
                f"{step.choice} before it.",
            )
    # What only fuses may stand after it, but the numbers that are rounded are those of the fused layers.
    planned.sort(key=lambda made: made[-1].title == quantized)
    flat = [one for made in planned for one in made]
    return Plan(
        [step for step in flat if isinstance(step, NetworkStep)],
        [step for step in flat if isinstance(step, FileStep)],
    )


def _plan(step: Step, quantizer: Callable[[Quantize], Quantizer]) -> Sequence[NetworkStep | FileStep]:
    if step.quantize is not None:
        return _quantize(step.quantize, quantizer)
    if (make := NETWORK_STEPS.get(step.choice)) is not None:
        return [make(step.member)]
    raise RunError(
        "Unsupported",
        f"The step {step.choice} has no executor yet; take it out of spec.steps, which may hold "
        f"{', '.join(sorted([*NETWORK_STEPS, 'quantize']))}.",
    )


def _quantize(options: Quantize, make: Callable[[Quantize], Quantizer]) -> Sequence[NetworkStep | FileStep]:
    check_options(options)
    if options.scheme == "INT8QAT":
        return plan_aware(options)
    quantizer = make(options)

    def apply(source: Path, target: Path, materials: Materials) -> list[str]:
        return quantizer.quantize(source, target, materials.calibration)

    step = FileStep(f"quantize {options.scheme}", apply, quantizer.calibration_rows, options.target == "TensorRT")
    return [step]
