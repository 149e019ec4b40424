"""The recipes that a search may try: what the kind of model allows, and the data that there is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
_LEARNING_RATES = [5e-5, 2e-4, 1e-3]
_EPOCHS = [1, 3]


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
        training = {"training": _training(trial)} if self.trains and (layers < self.layers or channels) else {}
        rank = trial.suggest_categorical("rank", _RANKS)
        steps: list[dict[str, Any]] = []
        if layers < self.layers:
            steps.append(self._fewer_layers(layers, training))
        if channels:
            steps.append({"prune": {"pattern": "Channels", "sparsity": channels, **training}})
        if rank < 1:
            steps.append({"factorize": {"rankRatio": rank}})
        if self.convolutional:
            steps.append({"fuse": {}})
        precision = trial.suggest_categorical("precision", self.precisions)
        if precision != "FP32":
            steps.append({"quantize": {"scheme": precision, **self._careful(trial, precision)}})
        if steps == [{"fuse": {}}]:
            return []
        return [Step.model_validate_json(json.dumps(step)) for step in steps]

    def known(self) -> list[dict[str, Any]]:
        """Choices that often do well, to be tried first: numbers of fewer bits alone."""
        layers = {"layers": self.layers} if self.layers > 1 else {}
        channels = {"channels": 0.0} if self.narrows else {}
        careful = {"careful": False} if self.calibrates else {}
        return [
            {**layers, **channels, "rank": 1.0, "precision": precision, **careful}
            for precision in self.precisions
            if precision.startswith("INT8")
        ]

    def _fewer_layers(self, layers: int, training: Mapping[str, Any]) -> dict[str, Any]:
        if self.trains:
            return {"distill": {"student": {"layers": layers}, **training}}
        return {"prune": {"pattern": "Layers", "sparsity": (self.layers - layers) / self.layers}}

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
    if step.distill is not None and step.distill.student is not None:
        return f"distill to {step.distill.student.layers} layers{_trained(step.distill.training)}"
    if step.prune is not None:
        return f"prune {step.prune.pattern} {step.prune.sparsity or 0:.2g}{_trained(step.prune.training)}"
    if step.factorize is not None:
        return f"factorize {step.factorize.rank_ratio:g}"
    if step.quantize is not None:
        return f"quantize {step.quantize.scheme}{' but sensitive layers' if step.quantize.sensitivity else ''}"
    return step.choice


def _trained(training: Any) -> str:  # noqa: ANN401 - Training or nothing
    return "" if training is None else f" ({training.epochs:g} epochs at {training.learning_rate:g})"


def _training(trial: Trial) -> dict[str, Any]:
    return {
        "epochs": trial.suggest_categorical("epochs", _EPOCHS),
        "learningRate": trial.suggest_categorical("learningRate", _LEARNING_RATES),
    }
