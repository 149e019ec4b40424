"""Models for images, to be compressed."""

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from transformers import PreTrainedModel

from hone.compress.subject import Truth
from hone.contract.job import Dataset
from hone.contract.source import Data
from hone.contract.training import ImageInput, TrainedTask
from hone.data.images import read_labelled_images
from hone.evaluate.answers import Answers
from hone.evaluate.classification import Predictions
from hone.evaluate.classifier import Keep, Row
from hone.export import ExportedClassifier, export_image_classifier
from hone.models import save_pretrained
from hone.store import DataSource
from hone.tasks.base import Loaded
from hone.tasks.images.processor import mode_of
from hone.tasks.images.task import PixelRows

_PLACEHOLDERS = 3


@dataclass
class ImageModel:
    """A model that labels images, with its image processor."""

    network: PreTrainedModel
    auto: Any
    processor: Any
    task: TrainedTask
    image: ImageInput
    dataset: Dataset

    def read_labelled(self, source: DataSource, data: Data) -> tuple[Sequence[Row], Truth]:
        """Images as the model takes them, made ready when they are asked for, and their labels."""
        read = read_labelled_images(source, data, self.dataset.columns, self.task.labels, self.dataset.max_rows)
        mode = mode_of(self.image.channels, "the model")
        return _Requests(PixelRows(read, self.processor, mode, range(len(read)))), [
            {"labels": label} for label in read.labels
        ]

    def read_inputs(self, source: DataSource, data: Data, max_rows: int) -> Sequence[Row]:
        """Images as the model takes them; their labels are read and not used."""
        return self.read_labelled(source, data)[0][:max_rows]

    def placeholder_rows(self) -> list[Row]:
        """Noise of the size of an image."""
        draw = np.random.default_rng(0)
        size = (1, self.image.channels, self.image.height, self.image.width)
        return [{"pixel_values": draw.normal(size=size).astype(np.float32)} for _ in range(_PLACEHOLDERS)]

    def keep(self, truth: Truth) -> Keep:
        """Keeps the logits whole."""
        return lambda _, logits: logits

    def answers(self, kept: list[Any], truth: Truth) -> Answers:
        """Logits and labels."""
        return Predictions(np.stack(kept), np.array([row["labels"] for row in truth], dtype=np.int64))

    def export(self, rows: Sequence[Row], path: Path, opset: int) -> ExportedClassifier:
        """Writes the network with any batch size."""
        return export_image_classifier(self.network, rows, path, opset=opset)

    def export_litert(self, rows: Sequence[Row], path: Path, batch: int) -> ExportedClassifier:
        """Writes the network for images of the size that the processor makes."""
        # Together with JAX it takes seconds to import, and few runs need it.
        from hone.export.litert_model import export_litert

        return export_litert(self.network, rows, path, batch=batch)

    def loaded(self) -> Loaded:
        """The network with its image processor."""
        return Loaded(self.network, self.processor, frozenset())

    def save_network(self, folder: Path) -> None:
        """Writes network and image processor."""
        save_pretrained(self.network, folder)
        self.processor.save_pretrained(folder)

    def save_beside(self, folder: Path) -> None:
        """Writes preprocessor_config.json."""
        self.processor.save_pretrained(folder)

    def release_network(self) -> None:
        """Lets the weights go; images can still be read."""
        self.network.to("meta")
        gc.collect()


class _Requests(Sequence[Row]):
    """Each image as one request: pixel_values float32 [1, channels, height, width]."""

    def __init__(self, rows: PixelRows) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> "_Requests": ...

    def __getitem__(self, index: int | slice) -> "Row | _Requests":
        if isinstance(index, slice):
            return _Requests(self._rows[index])
        return {"pixel_values": self._rows[index]["pixel_values"][None]}
