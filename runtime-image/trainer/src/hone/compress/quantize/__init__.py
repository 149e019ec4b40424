"""Fewer bits for each number; one module per way of doing it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from hone.compress.quantize.dynamic import DynamicInt8
from hone.compress.quantize.half import Half
from hone.compress.quantize.static import StaticInt8
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row

__all__ = ["Quantizer", "quantizer_for"]


class Quantizer(Protocol):
    """One scheme with its options, checked."""

    @property
    def calibration_rows(self) -> int:
        """How many rows it calibrates with."""

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model, writes the quantized one, and returns warnings."""


_SCHEMES: dict[str, Callable[[Quantize], Quantizer]] = {
    "INT8Dynamic": DynamicInt8,
    "INT8Static": StaticInt8,
    "FP16": Half,
}

#: Options that only some schemes have; setting one elsewhere is a mistake, not something to pass over.
_ONLY = {
    "calibration": ("INT8Static",),
    "smooth_quant_alpha": (),
    "group_size": ("INT4WeightOnly",),
    "training": ("INT8QAT",),
}


def quantizer_for(options: Quantize) -> Quantizer:
    """Return the scheme's quantizer; a scheme or option without an executor is refused by name."""
    make = _SCHEMES.get(options.scheme)
    if make is None:
        raise RunError(
            "Unsupported", f"The quantization scheme {options.scheme} has no executor yet; write {', '.join(_SCHEMES)}."
        )
    for field, schemes in _ONLY.items():
        if getattr(options, field) is None or options.scheme in schemes:
            continue
        name = Quantize.model_fields[field].alias or field
        if not schemes:
            raise RunError("Unsupported", f"quantize.{name} has no executor yet; leave it out.")
        raise RunError(
            "ConfigInvalid",
            f"quantize.{name} means nothing to {options.scheme}, only to {', '.join(schemes)}; leave it out.",
        )
    return make(options)
