"""What every task has in common."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import nn
from torch.utils.data import Dataset
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hone.contract.training import Task
from hone.evaluate.answers import Answers
from hone.store import DataSource, ModelSource


@dataclass(frozen=True)
class Loaded:
    """A model with its tokenizer; `fresh` names the modules whose weights were not in the checkpoint."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    fresh: frozenset[str]


#: The loss to train with: logits and labels of a batch in, one number out.
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def loss_of(model: nn.Module, batch: Mapping[str, Any], loss: Loss) -> torch.Tensor:
    """Let a model answer a batch, and hold the answers against its labels."""
    inputs = dict(batch)
    labels = inputs.pop("labels")
    return loss(model(**inputs).logits, labels)


class Encoded(Dataset[dict[str, Any]]):
    """Examples as the model takes them, unpadded."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


class TaskHandler(Protocol):
    """Everything about a run that depends on what is learnt; called in this order."""

    #: Whether the model's own loss heeds how many tokens all batches of a step have together.
    mean_over_tokens: bool

    def check(self, model: ModelSource, reserved_positions: int = 0) -> None:
        """Refuse what only the model tells, before data is read; a method may need positions for itself."""

    def read(self, train: DataSource, evaluation: DataSource | None) -> None:
        """Read and check the data."""

    def outline(self, model: ModelSource) -> PreTrainedModel:
        """Build the model with a head for the task on the meta device, before data is read."""

    def load(self, model: ModelSource, options: Mapping[str, Any]) -> Loaded:
        """Load model and tokenizer, with a head for the task; `options` are the method's for from_pretrained."""

    def training_set(self, loaded: Loaded) -> Encoded:
        """Return the training data as the model takes it."""

    def evaluation_set(self, loaded: Loaded) -> Encoded | None:
        """Return the evaluation data as the model takes it, if there is any."""

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Return what makes a batch of examples."""

    def loss(self) -> Loss | None:
        """Return the loss to train with, or None for the model's own; called after the data was read."""

    def answer(
        self, model: nn.Module, loaded: Loaded, data: Encoded, batch_size: int, tell: Callable[[float], None]
    ) -> Answers:
        """Let a model answer data, with logits in FP32; `tell` hears the share of the rows that is done."""

    def spec(self) -> Task:
        """Return the task as the manifest tells it."""


@contextmanager
def answering(model: nn.Module) -> Iterator[torch.device]:
    """Let a model answer without learning, and give its device; after that it is in the mode that it was in."""
    was_training = model.training
    model.eval()
    # Not inference_mode: what FSDP2 gathers in it could not be trained any more.
    with torch.no_grad():
        yield next(model.parameters()).device
    model.train(was_training)


def batches_by_length(data: Encoded, batch_size: int, tell: Callable[[float], None]) -> Iterator[list[int]]:
    """Indexes of rows; those of like length share a batch, for padding costs time. `tell` hears the share done."""
    order = sorted(range(len(data)), key=lambda index: len(data[index]["input_ids"]))
    for start in range(0, len(order), batch_size):
        indexes = order[start : start + batch_size]
        yield indexes
        tell((start + len(indexes)) / len(order))
