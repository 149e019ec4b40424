"""What is compressed, whatever its task: a model with all that is needed to ask it and to judge its answers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from transformers import PreTrainedModel

from hone.contract.source import Data
from hone.contract.training import Task
from hone.evaluate.answers import Answers
from hone.evaluate.classifier import Keep, Row
from hone.export import ExportedClassifier
from hone.store import DataSource
from hone.tasks.base import Loaded

#: What is known of each row, as the task's handler has it.
Truth = Sequence[Mapping[str, Any]]


class Subject(Protocol):
    """A model to compress."""

    network: PreTrainedModel
    #: The class of Transformers that loads it.
    auto: Any

    @property
    def task(self) -> Task:
        """What the model was trained for."""

    def read_labelled(self, source: DataSource, data: Data) -> tuple[Sequence[Row], Truth]:
        """Read evaluation data: rows as the model takes them, and the truth of each."""

    def read_inputs(self, source: DataSource, data: Data, max_rows: int) -> Sequence[Row]:
        """Read rows to calibrate with."""

    def placeholder_rows(self) -> Sequence[Row]:
        """Return made-up rows, for a model without data."""

    def keep(self, truth: Truth) -> Keep:
        """Return what picks from the logits of a row what `answers` needs."""

    def answers(self, kept: list[Any], truth: Truth) -> Answers:
        """Put the truth beside what was kept."""

    def export(self, rows: Sequence[Row], path: Path, opset: int) -> ExportedClassifier:
        """Write the network as ONNX, and compare it on the rows."""

    def export_litert(self, rows: Sequence[Row], path: Path, batch: int) -> ExportedClassifier:
        """Write the network as a LiteRT file for so many rows a call, and compare it on the rows."""

    def loaded(self) -> Loaded:
        """Return the network as the tasks' handlers take it."""

    def save_network(self, folder: Path) -> None:
        """Write the network as a checkpoint that a training, or another compression, can start from."""

    def save_beside(self, folder: Path) -> None:
        """Write what has to stand beside the ONNX file."""

    def release_network(self) -> None:
        """Let the weights go; rows can still be read."""
