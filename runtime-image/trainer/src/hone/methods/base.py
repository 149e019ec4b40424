"""What every method has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import nn
from transformers import PreTrainedModel

from hone.contract.training import Task
from hone.errors import RunError
from hone.store import ModelSource
from hone.tasks.base import Loaded

#: The folders of an artifact.
MODEL = "model"
ADAPTER = "adapter"


#: A batch as a model takes it: tensors by name, without labels.
Batch = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Saved:
    """What was written: the model as it will be used, and its folder below the output if it is whole."""

    model: nn.Module
    path: str | None


class FineTuningMethod(Protocol):
    """Decides what is trained, and what is saved; called in this order."""

    default_learning_rate: float
    #: Positions of the model that the method takes for itself, so that texts get fewer.
    reserved_positions: int

    def check(self, model: ModelSource, task: Task) -> None:
        """Refuse what only the model tells, before data is read."""

    def apply(self, loaded: Loaded) -> PreTrainedModel:
        """Return the model to train: what this method does not train is frozen."""

    def save(self, model: PreTrainedModel, loaded: Loaded, output: Path, examples: Batch) -> Saved:
        """Write the artifact's folders; `examples` are real inputs, for methods that compare before and after."""


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Return how many parameters are trained, and how many there are."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def head_modules(loaded: Loaded) -> list[str]:
    """Return the modules that have to be trained whole: the head, and what the checkpoint had no weights for."""
    base = loaded.model.base_model_prefix
    heads = [
        name for name, child in loaded.model.named_children() if name != base and any(True for _ in child.parameters())
    ]
    inner = [name for name in sorted(loaded.fresh) if not any(name == h or name.startswith(h + ".") for h in heads)]
    unknown = [name for name in inner if isinstance(loaded.model.get_submodule(name), nn.Embedding)]
    if unknown:
        raise RunError(
            "ModelInvalid",
            f"The checkpoint has no weights for {', '.join(unknown)}; save the whole model and name that folder.",
        )
    return heads + inner


def save_whole(model: PreTrainedModel, loaded: Loaded, output: Path) -> str:
    """Write a Transformers checkpoint with its tokenizer."""
    model.save_pretrained(output / MODEL)
    loaded.tokenizer.save_pretrained(output / MODEL)
    return MODEL
