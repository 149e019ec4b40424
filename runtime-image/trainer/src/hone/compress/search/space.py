"""The recipes that a search may try: what the kind of model allows, and the data that there is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from optuna import Trial
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hone.compress.prune.layers import find_stacks
from hone.contract import JobConfig
from hone.contract.compression import Export, Step

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_CHANNELS = [0.0, 0.2, 0.4, 0.6, 0.8]
_RANKS = [1.0, 0.75, 0.5, 0.25]
_KNOWN_CHANNELS = [0.4, 0.6]


@dataclass(frozen=True)
class _Training:
    """What a training after a removal may be; the last number of epochs and the middle rate are tried first."""

    epochs: Sequence[int]
    rates: Sequence[float]

    def draw(self, trial: Trial) -> dict[str, Any]:
        return {
            "epochs": trial.suggest_categorical("epochs", self.epochs),
            "learningRate": trial.suggest_categorical("learningRate", self.rates),
        }

    def known(self) -> dict[str, Any]:
        return {"epochs": self.epochs[-1], "learningRate": self.rates[len(self.rates) // 2]}


_TRANSFORMERS = _Training([1, 3], [5e-5, 2e-4, 1e-3])
#: They learn at higher rates than Transformers, and take longer to make up for what they have lost.
_CONVOLUTIONAL = _Training([5, 20], [2e-4, 1e-3, 5e-3])


@dataclass(frozen=True)
class Space:
    """What may be chosen.

    Args:
        layers: how many layers a Transformer has; 1 for models whose layers stay.
        narrows: whether channels may go.
        convolutional: whether there are convolutions, whose normalizations are folded.
        precisions: number formats, FP32 included.
        trains: whether there is data to train on after something was removed.
        calibrates: whether there is a way to find sensitive layers, and data for it.
    """

    layers: int
    narrows: bool
    convolutional: bool
    precisions: Sequence[str]
    trains: bool
    calibrates: bool

    def draw(self, trial: Trial) -> list[Step]:
        """Let the trial choose a recipe; an empty one is the model as it is."""
        layers = trial.suggest_int("layers", 1, self.layers) if self.layers > 1 else self.layers
        channels = trial.suggest_categorical("channels", _CHANNELS) if self.narrows else 0.0
        rank = trial.suggest_categorical("rank", _RANKS)
        steps: list[dict[str, Any]] = []
        if layers < self.layers and not self.trains:
            steps.append({"prune": {"pattern": "Layers", "sparsity": (self.layers - layers) / self.layers}})
        if channels:
            steps.append({"prune": {"pattern": "Channels", "sparsity": channels}})
        if rank < 1:
            steps.append({"factorize": {"rankRatio": rank}})
        if self.trains and (steps or layers < self.layers):
            # One training makes up for all that was taken away: the model as it was teaches what is left of it.
            student = {"student": {"layers": layers}} if layers < self.layers else {}
            steps.append({"distill": {**student, "training": self._training.draw(trial)}})
        if self.convolutional:
            steps.append({"fuse": {}})
        precision = trial.suggest_categorical("precision", self.precisions)
        if precision != "FP32":
            steps.append({"quantize": {"scheme": precision, **self._careful(trial, precision)}})
        if steps == [{"fuse": {}}]:
            return []
        return [Step.model_validate_json(json.dumps(step)) for step in steps]

    def known(self) -> list[dict[str, Any]]:
        """Choices that often do well, to be tried first: eight bits alone, then in a network that was made smaller."""
        layers = {"layers": self.layers} if self.layers > 1 else {}
        channels = {"channels": 0.0} if self.narrows else {}
        careful = {"careful": False} if self.calibrates else {}
        plain = {**layers, **channels, "rank": 1.0, **careful}
        eight_bits = [precision for precision in self.precisions if precision.startswith("INT8")]
        alone = [{**plain, "precision": precision} for precision in eight_bits]
        if not self.trains or not eight_bits:
            return alone
        # INT8Dynamic loses the least, but leaves convolutions as they are.
        precision = eight_bits[-1 if self.convolutional else 0]
        training = self._training.known()
        return alone + [{**plain, **smaller, **training, "precision": precision} for smaller in self._smaller()]

    @property
    def _training(self) -> _Training:
        return _CONVOLUTIONAL if self.convolutional else _TRANSFORMERS

    def _smaller(self) -> list[dict[str, Any]]:
        """Say what goes: a third of the layers, four channels in ten, half and six, and both."""
        fewer = [
            {"layers": count} for count in sorted({-(-2 * self.layers // 3), -(-self.layers // 2)} - {self.layers})
        ]
        narrower = [{"channels": share} for share in _KNOWN_CHANNELS] if self.narrows else []
        one_by_one = [
            choice for pair in zip_longest(reversed(fewer), narrower) for choice in pair if choice is not None
        ]
        return one_by_one + ([{**fewer[-1], **narrower[0]}] if fewer and narrower else [])

    def _careful(self, trial: Trial, precision: str) -> dict[str, Any]:
        # INT8Static looks for sensitive layers anyhow.
        if not self.calibrates or precision not in ("INT8Dynamic", "INT4WeightOnly"):
            return {}
        return {"sensitivity": {}} if trial.suggest_categorical("careful", [False, True]) else {}


def space_of(network: PreTrainedModel, config: JobConfig) -> Space:
    """Return what may be chosen for a network, with the data and the format of a job."""
    modules = list(network.modules())
    convolutional = any(isinstance(module, _CONVOLUTIONS) for module in modules)
    stacks = find_stacks(network)
    # A vision Transformer has one convolution, for its patches, and yet layers like any other.
    transformer = len(stacks) == 1 and stacks[0].fixed == 0
    calibrates = config.dataset.calibration is not None
    precisions = ["FP32", "FP16", "INT8Dynamic", *(["INT8Static"] if calibrates else [])]
    if transformer:
        precisions.append("INT4WeightOnly")
    known = _known_to(config.export, images=convolutional)
    lite_rt = config.export is not None and config.export.tf_lite is not None
    return Space(
        layers=len(stacks[0].blocks) if transformer else 1,
        narrows=not any(isinstance(module, Conv1D) for module in modules),
        convolutional=convolutional and not transformer,
        precisions=[name for name in precisions if known is None or name in known],
        trains=config.dataset.train is not None,
        calibrates=calibrates and not lite_rt,
    )


def _known_to(export: Export | None, *, images: bool) -> Sequence[str] | None:
    """Return the number formats that a format can hold; None if any."""
    if export is None:
        return None
    if export.open_vino is not None:
        # It knows neither operators that quantize as they go nor those of ONNX Runtime alone.
        return "FP32", "FP16", "INT8Static"
    if export.tf_lite is not None:
        # Texts lose by its fixed ranges.
        return "FP32", "INT8Dynamic", *(["INT8Static"] if images else [])
    return None


def describe(steps: Sequence[Step]) -> str:
    """Say in a few words what a recipe does: "distill to 3 layers, prune Channels 0.4, quantize INT8Dynamic"."""
    return ", ".join(_words(step) for step in steps)


def _words(step: Step) -> str:
    if step.distill is not None:
        student = step.distill.student
        fewer = f" to {student.layers} layers" if student is not None else ""
        return f"distill{fewer}{_trained(step.distill.training)}"
    if step.prune is not None:
        return f"prune {step.prune.pattern} {step.prune.sparsity or 0:.2g}"
    if step.factorize is not None:
        return f"factorize {step.factorize.rank_ratio:g}"
    if step.quantize is not None:
        return f"quantize {step.quantize.scheme}{' but sensitive layers' if step.quantize.sensitivity else ''}"
    return step.choice


def _trained(training: Any) -> str:  # noqa: ANN401 - Training or nothing
    return "" if training is None else f" ({training.epochs:g} epochs at {training.learning_rate:g})"
