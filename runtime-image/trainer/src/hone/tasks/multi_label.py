"""Any number of labels for each text or pair of texts."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from hone.contract.source import Data
from hone.contract.training import TaskType
from hone.data import LabelSetTexts, Texts, read_label_set_texts, read_texts
from hone.errors import RunError
from hone.evaluate.multi_label import LabelSets
from hone.store import DataSource
from hone.tasks.base import Encoded, Loss
from hone.tasks.class_weights import balanced_positives, label_weights, weighted_binary_cross_entropy
from hone.tasks.text import Logits, TextTask, encode_texts


class MultiLabelClassification(TextTask[LabelSetTexts]):
    """Transformers' sequence classification with one yes or no for each label: a label is given above 0.5."""

    type: ClassVar[TaskType] = "MultiLabelClassification"
    problem = "multi_label_classification"
    fewest_labels = 1

    def read_labelled(self, source: DataSource, data: Data) -> LabelSetTexts:
        """Read texts and their labels."""
        return read_label_set_texts(source, data, self._dataset.columns, self._names, self._dataset.max_rows)

    def names_of(self, data: LabelSetTexts) -> list[str]:
        """The labels that were named, or those of the data."""
        return data.names

    def check_training(self, data: LabelSetTexts, source: DataSource) -> None:
        """Refuse data in which all rows have the same labels."""
        sets = {tuple(labels) for labels in data.labels}
        if len(sets) < 2:
            held = ", ".join(data.names[label] for label in sets.pop()) or "no label at all"
            raise RunError(
                "DatasetInvalid",
                f"Every row of {source.uri} has the same labels ({held}); a classifier needs rows that differ.",
            )

    def loss(self) -> Loss | None:
        """Binary cross entropy with a weight for having each label, if weights are asked for."""
        assert self._train is not None  # noqa: S101 - read() comes first
        balance = partial(balanced_positives, rows=len(self._train))
        weights = label_weights(self._class_weights, self._names, chain.from_iterable(self._train.labels), balance)
        return None if weights is None else weighted_binary_cross_entropy(weights)

    def read_inputs(self, source: DataSource, data: Data, max_rows: int | None) -> Texts:
        """Read texts without labels."""
        return read_texts(source, data, self._dataset.columns, max_rows)

    def encode_inputs(self, tokenizer: PreTrainedTokenizerBase, data: Texts) -> list[dict[str, list[int]]]:
        """Token ids of texts."""
        return encode_texts(tokenizer, data.texts, data.pairs, self._max_length)

    def encode(self, tokenizer: PreTrainedTokenizerBase, data: LabelSetTexts) -> Encoded:
        """Token ids, and 1.0 or 0.0 for each label."""
        rows = self.encode_inputs(tokenizer, data)
        return Encoded(
            [
                {**row, "labels": [float(index in labels) for index in range(len(self._names))]}
                for row, labels in zip(rows, data.labels, strict=True)
            ]
        )

    def answers(self, logits: Sequence[Logits], rows: Sequence[Mapping[str, Any]]) -> LabelSets:
        """Logits [rows, labels] and the truth as 0 and 1."""
        return LabelSets(np.stack(logits), np.array([row["labels"] for row in rows], dtype=np.int64))
