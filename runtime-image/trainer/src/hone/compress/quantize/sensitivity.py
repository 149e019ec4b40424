"""Finds the layers that a model can't afford to lose precision in.

A layer's loss is what the answers change by when it alone is quantized (as in Dong et al. 2019, HAWQ, but measured
instead of estimated). Labels are not needed.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hone.contract.compression import Sensitivity
from hone.errors import some_of
from hone.evaluate.onnx_classifier import OnnxClassifier, Row

log = logging.getLogger(__name__)

#: How many rows the answers are compared on.
SAMPLES = 32
DEFAULT_MAX_ERROR = 0.1
#: One layer in so many may be left out, unless a number is given.
_ONE_IN = 10
#: How many tokens of a row of a language model are compared: all logits of a text are too many to keep.
_TOKENS = 8
_NAMED = 4


@dataclass(frozen=True)
class Limits:
    """How much the answers may change, and how many layers may be left out."""

    max_error: float
    max_layers: int

    @classmethod
    def of(cls, options: Sensitivity, layers: int) -> Self:
        """The options, or what is sane for so many layers."""
        default = -(-layers // _ONE_IN)
        return cls(
            DEFAULT_MAX_ERROR if options.max_error is None else options.max_error,
            default if options.max_layers is None else options.max_layers,
        )


@dataclass(frozen=True)
class Sensitive:
    """The layers to leave out, and why."""

    layers: list[str]
    sentences: list[str]


class Search:
    """Compares answers of models with some layers quantized with those of the model as it was.

    Args:
        source: the model as it was.
        write: writes a model with all but the given nodes quantized.
        layers: the nodes of each layer that may be quantized.
        excluded: nodes that are left out anyhow.
        rows: what is answered; the first SAMPLES are.
        trial: where models are written to, one over the other.
    """

    def __init__(
        self,
        source: Path,
        write: Callable[[Path, Sequence[str]], None],
        layers: Mapping[str, Sequence[str]],
        excluded: Sequence[str],
        rows: Sequence[Row],
        trial: Path,
    ) -> None:
        self._write = write
        self._layers = layers
        self._excluded = excluded
        self._rows = [rows[index] for index in range(min(SAMPLES, len(rows)))]
        self._trial = trial
        self._expected = self._answers(source)
        self._signal = float(np.linalg.norm(self._expected - self._expected.mean(axis=0)))

    def run(self, limits: Limits) -> Sensitive:
        """Leave out as few layers as keep the answers; none if that few are not at fault."""
        if not limits.max_layers or self._signal == 0:
            return Sensitive([], [])
        whole = self._error([])
        log.info("Quantized whole, the model's answers change by %.1f%%.", 100 * whole)
        if whole <= limits.max_error:
            return Sensitive([], [])
        alone = {layer: self._error([other for other in self._layers if other != layer]) for layer in self._layers}
        ranked = sorted(alone, key=lambda layer: alone[layer], reverse=True)[: limits.max_layers]
        rest = whole
        for count in range(1, len(ranked) + 1):
            rest = self._error(ranked[:count])
            if rest <= limits.max_error:
                return Sensitive(ranked[:count], _told(ranked[:count], alone, whole, rest))
        # What many layers lose a little of can't be helped by leaving out a few.
        chosen = ranked if rest <= whole / 2 else []
        left = rest if chosen else whole
        return Sensitive(
            chosen,
            [
                *_told(chosen, alone, whole, rest),
                f"Quantized, the model's answers change by {left:.1%}, more than sensitivity.maxError "
                f"({limits.max_error:.1%}), and it takes more than {limits.max_layers} of {len(self._layers)} layers "
                "to help that; see whether the accuracy suffers, and if it does, choose a scheme with more bits.",
            ],
        )

    def _error(self, left_out: Sequence[str]) -> float:
        """What the answers change by, relative to what they tell rows apart by, with these layers left as they are."""
        self._write(self._trial, [*self._excluded, *(node for layer in left_out for node in self._layers[layer])])
        difference = self._answers(self._trial) - self._expected
        self._trial.unlink()
        error = float(np.linalg.norm(difference)) / self._signal
        return error if np.isfinite(error) else float("inf")

    def _answers(self, path: Path) -> NDArray[np.float64]:
        model = OnnxClassifier(path)
        return np.concatenate([_some(model.logits(row)) for row in self._rows])


def _some(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of [1, labels] all, of [1, tokens, labels] some tokens spread over the row."""
    if logits.ndim < 3:
        return logits.astype(np.float64)
    tokens = logits.reshape(-1, logits.shape[-1])
    chosen = np.unique(np.linspace(0, len(tokens) - 1, num=min(_TOKENS, len(tokens))).round().astype(np.int64))
    return tokens[chosen].astype(np.float64)


def _told(layers: Sequence[str], alone: Mapping[str, float], whole: float, rest: float) -> list[str]:
    if not layers:
        return []
    shown = some_of([f"{layer} ({alone[layer]:.1%})" for layer in layers], _NAMED)
    why = "stays in FP32, for quantizing it" if len(layers) == 1 else "stay in FP32, for quantizing one of them"
    return [
        f"{shown} {why} alone changes the answers by so much; with all layers quantized they change by "
        f"{whole:.1%}, without {'this one' if len(layers) == 1 else 'these'} by {rest:.1%}."
    ]
