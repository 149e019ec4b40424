"""Single weights become zero: of a whole model or layer (Unstructured), or two of each four (TwoFour)."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.pytorch_utils import Conv1D

from hone.compress.prune.ranking import first_order
from hone.compress.prune.targets import WEIGHTED

#: Importance of each weight of a layer, in the shape of the weight.
Score = Callable[[nn.Module], torch.Tensor]

_GROUP = 4


def magnitude(layer: nn.Module) -> torch.Tensor:
    """How large each weight is (Han et al., 2015, arXiv:1506.02626)."""
    return layer.get_parameter("weight").detach().abs()


def taylor(layer: nn.Module) -> torch.Tensor:
    """How much the loss changes without each weight."""
    return first_order(layer.get_parameter("weight"))


def zero_lowest(layers: Mapping[str, nn.Module], share: float, score: Score, whole: bool) -> None:
    """Set the share of the weights with the lowest scores to zero, over all layers if `whole`, or in each of them."""
    if not whole:
        for name, layer in layers.items():
            _zero({name: layer}, share, score)
        return
    _zero(layers, share, score)


def _zero(layers: Mapping[str, nn.Module], share: float, score: Score) -> None:
    # What is zero already stays so, whatever its score.
    scores = {name: score(layer).where(layer.get_parameter("weight") != 0, -1.0) for name, layer in layers.items()}
    everything = torch.cat([one.flatten() for one in scores.values()])
    count = round(share * everything.numel())
    if count == 0:
        return
    # The sorted order, and not a threshold: of equal scores no more go than were asked for.
    lowest = torch.zeros(everything.numel(), dtype=torch.bool)
    lowest[torch.topk(everything, count, largest=False, sorted=False).indices] = True
    parts = torch.split(lowest, [one.numel() for one in scores.values()])
    with torch.no_grad():
        for (name, one), part in zip(scores.items(), parts, strict=True):
            layers[name].get_parameter("weight").masked_fill_(part.view_as(one), 0.0)


def fits_two_four(layer: nn.Module) -> bool:
    """Tell whether the layer's inputs come in fours."""
    return isinstance(layer, WEIGHTED) and layer.get_parameter("weight").shape[_input_axis(layer)] % _GROUP == 0


def zero_two_of_four(layer: nn.Module, score: Score) -> None:
    """Set the two weights with the lowest scores of each four neighbors along the inputs to zero.

    That is what sparse tensor cores multiply: along the columns of a linear layer, the input channels of a convolution.
    """
    axis = _input_axis(layer)
    weight = layer.get_parameter("weight")
    scores = score(layer).movedim(axis, -1)
    fours = scores.reshape(*scores.shape[:-1], -1, _GROUP)
    lowest = torch.zeros_like(fours, dtype=torch.bool).scatter_(-1, fours.argsort(dim=-1, stable=True)[..., :2], True)
    with torch.no_grad():
        weight.masked_fill_(lowest.view_as(scores).movedim(-1, axis), 0.0)


def _input_axis(layer: nn.Module) -> int:
    return 0 if isinstance(layer, Conv1D) else 1


def sparsity_at(step: int, steps: int, final: float) -> float:
    """The cubic schedule of Zhu and Gupta (2017, arXiv:1710.01878): fast at first, when there is much to spare."""
    return final * (1 - (1 - min(step / steps, 1.0)) ** 3)


class Gradually(TrainerCallback):
    """Prunes a little more after each step, by the weights as they have become.

    All that it goes by is the number of the step and the weights, so a run that goes on does as the one before it.
    """

    def __init__(self, layers: Mapping[str, nn.Module], final: float, steps: int, whole: bool) -> None:
        self._layers = layers
        self._final = final
        self._steps = steps
        self._whole = whole
        self._zeros: dict[str, torch.Tensor] = {}

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Begin with the zeros that the weights have."""
        self._note()

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: Any,  # noqa: ANN401
    ) -> None:
        """Put back the zeros, for momentum moves them, and add some."""
        with torch.no_grad():
            for name, zero in self._zeros.items():
                self._layers[name].get_parameter("weight").masked_fill_(zero, 0.0)
        if state.global_step <= self._steps:
            zero_lowest(self._layers, sparsity_at(state.global_step, self._steps, self._final), magnitude, self._whole)
            self._note()

    def _note(self) -> None:
        self._zeros = {name: layer.get_parameter("weight").detach() == 0 for name, layer in self._layers.items()}
