"""The step `factorize`."""

from typing import Any

from torch import nn
from transformers.pytorch_utils import Conv1D

from hone.compress.factorize.activations import second_moments
from hone.compress.factorize.svd import Decomposition
from hone.compress.selection import select
from hone.compress.subject import Subject
from hone.compress.technique import Applied, NetworkStep, Tools
from hone.contract.compression import Factorize
from hone.errors import RunError
from hone.models.low_rank import LowRank, matrix_of

#: How many rows the inputs of layers are looked at on.
CALIBRATION_ROWS = 128
#: A matrix with fewer rows or columns has next to nothing to save, and a classifier's few outputs are all needed.
_SMALLEST = 16


def factorize(options: Factorize) -> NetworkStep:
    """Plan the step; the rank is told in exactly one way."""
    if (options.rank_ratio is None) == (options.energy is None):
        raise RunError(
            "ConfigInvalid",
            "factorize needs exactly one of rankRatio (share of the full rank) and energy (share of the squared "
            "singular values).",
        )

    def apply(subject: Subject, tools: Tools) -> Applied:
        return _Factorizer(options, subject, tools).run()

    return NetworkStep("factorize", apply, CALIBRATION_ROWS if options.activation_weighted else 0)


class _Factorizer:
    def __init__(self, options: Factorize, subject: Subject, tools: Tools) -> None:
        self._options = options
        self._network = subject.network
        self._calibration = tools.calibration

    def run(self) -> Applied:
        found = select(self._network, (nn.Linear, nn.Conv2d, Conv1D), self._options.exclude_layers or [], "factorize")
        left = dict(found.left)
        factors = {path for path, module in self._network.named_modules() if isinstance(module, LowRank)}
        layers: dict[str, Any] = {}
        for path, layer in found.chosen.items():
            reason = "it is a factor already" if path.rpartition(".")[0] in factors else _unfit(layer)
            if reason is None:
                layers[path] = layer
            else:
                left[path] = reason
        moments = second_moments(self._network, layers, self._calibration) if self._options.activation_weighted else {}
        story: list[dict[str, Any]] = []
        for path, layer in layers.items():
            if self._options.activation_weighted and path not in moments:
                left[path] = "the calibration rows never reach it"
                continue
            told = self._one(path, layer, Decomposition(matrix_of(layer), moments.pop(path, None)))
            if "reason" in told:
                left[path] = told["reason"]
            else:
                story.append(told)
        if not story:
            wanted = "rankRatio" if self._options.rank_ratio is not None else "energy"
            raise RunError(
                "ConfigInvalid",
                f"factorize would make none of {len(left)} layers smaller; write a smaller {wanted}, or take it out.",
            )
        before, after = sum(one["before"] for one in story), sum(one["after"] for one in story)
        message = (
            f"{len(story)} layers became products of two smaller ones, with {after:,} weights instead of {before:,}"
            f"{'; ' + str(len(left)) + ' stay whole' if left else ''}."
        )
        return Applied(message, [*story, *({"layer": path, "left": reason} for path, reason in left.items())])

    def _one(self, path: str, layer: Any, found: Decomposition) -> dict[str, Any]:  # noqa: ANN401
        outputs, inputs = matrix_of(layer).shape
        if self._options.energy is not None:
            rank = found.rank_of_energy(self._options.energy)
        else:
            rank = max(1, round((self._options.rank_ratio or 0) * found.full_rank))
        if rank * (outputs + inputs) >= outputs * inputs:
            return {"reason": f"at rank {rank} of {found.full_rank} its factors would have as many weights as it has"}
        factors = found.factors(rank)
        module = LowRank.like(layer, rank)
        module.set_factors(factors.up, factors.down, layer.bias)
        self._network.set_submodule(path, module)
        return {
            "layer": path,
            "rank": rank,
            "fullRank": found.full_rank,
            "relativeError": round(factors.error, 6),
            "before": outputs * inputs,
            "after": rank * (outputs + inputs),
        }


def _unfit(layer: Any) -> str | None:  # noqa: ANN401
    if isinstance(layer, nn.Conv2d):
        if layer.groups != 1:
            return "a convolution in groups is no single matrix"
        if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
            return "its padding is not zeros of a fixed width"
    smallest = min(matrix_of(layer).shape)
    if smallest < _SMALLEST:
        return f"its full rank is {smallest}"
    return None
