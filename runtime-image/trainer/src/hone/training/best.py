"""The weights of the best evaluation, kept beside the checkpoints."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.distributed.tensor import DTensor

from hone.training.checkpoints import is_whole, publish, step_of, whole_ones

_KIND = "best"
_FILE = "weights.safetensors"


class BestWeights:
    """What a training changes in a model, by the step after which it was kept."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def has(self, step: int) -> bool:
        """Tell whether the weights of the step are there and whole."""
        return is_whole(self._root / f"{_KIND}-{step}")

    def save(self, step: int, model: nn.Module) -> None:
        """Keep the weights of the step; raises CheckpointFailed if the disk takes no more."""
        weights = whole_weights(model)
        publish(self._root / f"{_KIND}-{step}", lambda folder: save_file(weights, folder / _FILE))

    def load(self, step: int, model: nn.Module) -> None:
        """Put the weights of the step into the model."""
        saved = load_file(self._root / f"{_KIND}-{step}" / _FILE)
        with torch.no_grad():
            for name, tensor in _changing(model).items():
                tensor.copy_(saved[name])

    def prune(self, oldest_checkpoint: int | None) -> None:
        """Drop what no resume can come back to: the best before each checkpoint that is kept has to stay."""
        kept = whole_ones(self._root, _KIND)
        before = [folder for folder in kept if oldest_checkpoint is None or step_of(folder) <= oldest_checkpoint]
        for folder in before[1:]:
            shutil.rmtree(folder, ignore_errors=True)


def whole_weights(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return what a training changes, on the CPU; of a sharded model all processes have to ask for it together."""
    return {name: _whole(tensor.detach()).cpu().contiguous() for name, tensor in _changing(model).items()}


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def _changing(model: nn.Module) -> dict[str, torch.Tensor]:
    weights = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    # Running statistics of batch normalization are no parameters, and change all the same.
    return {**weights, **{name: buffer for name, buffer in model.named_buffers() if buffer.is_floating_point()}}
