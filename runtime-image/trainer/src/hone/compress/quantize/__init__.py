"""Fewer bits for each number; one module per way of doing it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from hone.compress.quantize.bfloat import BFloat16
from hone.compress.quantize.dynamic import DynamicInt8
from hone.compress.quantize.half import Half
from hone.compress.quantize.layerwise import Layerwise
from hone.compress.quantize.static import StaticInt8
from hone.compress.quantize.weight_only import WeightOnlyInt4
from hone.contract.compression import Quantize, Sensitivity
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row

__all__ = ["Quantizer", "check_options", "quantizer_for"]


class Quantizer(Protocol):
    """One scheme with its options, checked."""

    @property
    def calibration_rows(self) -> int:
        """How many rows it calibrates with."""

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model, writes the quantized one, and returns warnings."""


_SCHEMES: dict[str, Callable[[Quantize], Quantizer]] = {
    "INT8Dynamic": lambda options: Layerwise(DynamicInt8(options), options, options.sensitivity),
    # It has rows anyhow, and loses most where one range does not fit all rows.
    "INT8Static": lambda options: Layerwise(StaticInt8(options), options, options.sensitivity or Sensitivity()),
    "INT4WeightOnly": lambda options: Layerwise(WeightOnlyInt4(options), options, options.sensitivity),
    "FP16": Half,
    "BF16": BFloat16,
}

_INTEGERS = ("INT8Dynamic", "INT8Static", "INT4WeightOnly")
#: Options that only some schemes have; setting one elsewhere is a mistake, not something to pass over.
_ONLY = {
    "calibration": ("INT8Static", "INT8QAT", "INT8Dynamic"),
    "smooth_quant_alpha": ("INT8Static", "INT8Dynamic"),
    "group_size": ("INT4WeightOnly",),
    "embedding_bits": ("INT4WeightOnly",),
    "sensitivity": _INTEGERS,
    "training": ("INT8QAT",),
}


def quantizer_for(options: Quantize) -> Quantizer:
    """Return the quantizer of a scheme that changes the file alone, which is any but INT8QAT."""
    check_options(options)
    return _SCHEMES[options.scheme](options)


def check_options(options: Quantize) -> None:
    """Refuse an option that means nothing to the scheme, by name."""
    for field, schemes in _ONLY.items():
        if getattr(options, field) is None or options.scheme in schemes:
            continue
        name = Quantize.model_fields[field].alias or field
        raise RunError(
            "ConfigInvalid",
            f"quantize.{name} means nothing to {options.scheme}, only to {', '.join(schemes)}; leave it out.",
        )
