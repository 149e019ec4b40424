"""A number for each text or pair of texts."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from transformers import PreTrainedTokenizerBase

from hone.contract.source import Data
from hone.contract.training import TaskType
from hone.data import ScoredTexts, Texts, read_scored_texts, read_texts
from hone.errors import RunError
from hone.evaluate.regression import Estimates
from hone.store import DataSource
from hone.tasks.base import Encoded
from hone.tasks.text import Logits, TextTask, encode_texts

log = logging.getLogger(__name__)

#: Targets that spread wider, or lie farther from 0, take long to reach from a fresh head.
_WIDE = 20.0


class Regression(TextTask[ScoredTexts]):
    """Transformers' sequence classification with one output and the mean squared error."""

    type: ClassVar[TaskType] = "Regression"
    problem = "regression"
    fewest_labels = None

    def read_labelled(self, source: DataSource, data: Data) -> ScoredTexts:
        """Read texts and their numbers."""
        return read_scored_texts(source, data, self._dataset.columns, self._dataset.max_rows)

    def read_evaluation(self, source: DataSource, data: Data) -> ScoredTexts:
        """Refuse targets that are all the same: neither R2 nor a correlation is defined for them."""
        scored = self.read_labelled(source, data)
        _check_spread(scored, source, "nothing can be measured on them; name data whose numbers differ")
        return scored

    def check_training(self, data: ScoredTexts, source: DataSource) -> None:
        """Refuse targets that are all the same."""
        _check_spread(data, source, "there is nothing to learn; name data whose numbers differ")
        if (widest := max(abs(target) for target in data.targets)) > _WIDE:
            log.warning(
                "The targets of %s go up to %g; a fresh head learns numbers around 0 to 1 fastest, so scale them.",
                source.uri,
                widest,
            )

    def read_inputs(self, source: DataSource, data: Data, max_rows: int | None) -> Texts:
        """Read texts without numbers."""
        return read_texts(source, data, self._dataset.columns, max_rows)

    def encode_inputs(self, tokenizer: PreTrainedTokenizerBase, data: Texts) -> list[dict[str, list[int]]]:
        """Token ids of texts."""
        return encode_texts(tokenizer, data.texts, data.pairs, self._max_length)

    def encode(self, tokenizer: PreTrainedTokenizerBase, data: ScoredTexts) -> Encoded:
        """Token ids and the number."""
        rows = self.encode_inputs(tokenizer, data)
        return Encoded([{**row, "labels": target} for row, target in zip(rows, data.targets, strict=True)])

    def answers(self, logits: Sequence[Logits], rows: Sequence[Mapping[str, Any]]) -> Estimates:
        """The one output of each row and the true number."""
        return Estimates(np.stack(logits)[:, 0], np.array([row["labels"] for row in rows], dtype=np.float64))

    def _head(self) -> dict[str, Any]:
        return {"num_labels": 1}


def _check_spread(data: ScoredTexts, source: DataSource, why: str) -> None:
    if len(set(data.targets)) < 2:
        raise RunError("DatasetInvalid", f"Every row of {source.uri} has the number {data.targets[0]:g}: {why}.")
