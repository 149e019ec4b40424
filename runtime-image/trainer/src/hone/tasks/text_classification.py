"""One label for each text or pair of texts."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from hone.contract.source import Data
from hone.contract.training import TaskType
from hone.data import LabelledTexts, Texts, read_labelled_texts, read_texts
from hone.evaluate.classification import Predictions
from hone.store import DataSource
from hone.tasks.base import Encoded, Loss
from hone.tasks.class_weights import label_weights, weighted_cross_entropy
from hone.tasks.labels import require_several
from hone.tasks.text import Logits, TextTask, encode_texts


class TextClassification(TextTask[LabelledTexts]):
    """Transformers' sequence classification."""

    type: ClassVar[TaskType] = "TextClassification"
    problem = "single_label_classification"

    def read_labelled(self, source: DataSource, data: Data) -> LabelledTexts:
        """Read texts and their labels."""
        return read_labelled_texts(source, data, self._dataset.columns, self._names, self._dataset.max_rows)

    def names_of(self, data: LabelledTexts) -> list[str]:
        """The labels that were named, or those of the data."""
        return data.names

    def check_training(self, data: LabelledTexts, source: DataSource) -> None:
        """Refuse data with one label alone."""
        require_several(data.labels, data.names, source.uri)

    def loss(self) -> Loss | None:
        """Cross entropy with a weight for each label, if weights are asked for."""
        assert self._train is not None  # noqa: S101 - read() comes first
        weights = label_weights(self._class_weights, self._names, self._train.labels)
        return None if weights is None else weighted_cross_entropy(weights)

    def read_inputs(self, source: DataSource, data: Data, max_rows: int | None) -> Texts:
        """Read texts without labels."""
        return read_texts(source, data, self._dataset.columns, max_rows)

    def encode_inputs(self, tokenizer: PreTrainedTokenizerBase, data: Texts) -> list[dict[str, list[int]]]:
        """Token ids of texts."""
        return encode_texts(tokenizer, data.texts, data.pairs, self._max_length)

    def encode(self, tokenizer: PreTrainedTokenizerBase, data: LabelledTexts) -> Encoded:
        """Token ids and the index of the label."""
        rows = self.encode_inputs(tokenizer, data)
        return Encoded([{**row, "labels": label} for row, label in zip(rows, data.labels, strict=True)])

    def answers(self, logits: Sequence[Logits], rows: Sequence[Mapping[str, Any]]) -> Predictions:
        """Logits [rows, labels] and the true labels."""
        return Predictions(np.stack(logits), np.array([row["labels"] for row in rows], dtype=np.int64))
