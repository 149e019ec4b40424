"""A label for each word."""

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerBase,
)

from hone.contract.source import Data
from hone.contract.training import TaskType
from hone.data import LabelledWords, Words, read_labelled_words, read_words
from hone.errors import RunError
from hone.evaluate.language import IGNORED
from hone.evaluate.tokens import TaggedWords
from hone.store import DataSource, ModelSource
from hone.tasks.base import Encoded, Loaded, Loss
from hone.tasks.class_weights import label_weights, weighted_cross_entropy
from hone.tasks.loading import load_tokenizer
from hone.tasks.text import Logits, TextTask

log = logging.getLogger(__name__)


class TokenClassification(TextTask[LabelledWords]):
    """Transformers' token classification: a word's label stands at its first piece, and the others are left out."""

    type: ClassVar[TaskType] = "TokenClassification"
    auto = AutoModelForTokenClassification

    def load_tokenizer(self, model: ModelSource) -> PreTrainedTokenizerBase:
        """Load a tokenizer that tells which piece belongs to which word."""
        tokenizer = super().load_tokenizer(model)
        if not getattr(tokenizer, "is_fast", False):
            raise RunError(
                "ModelInvalid",
                f"{model.uri} has no tokenizer.json, which tells which piece belongs to which word; save it with a "
                "fast tokenizer.",
            )
        if getattr(tokenizer, "add_prefix_space", None) is False:
            # Words that are split already have no space before them, and mean other pieces to GPT-2's kind without it.
            tokenizer = load_tokenizer(model, add_prefix_space=True)
        return tokenizer

    def read_labelled(self, source: DataSource, data: Data) -> LabelledWords:
        """Read words and their labels."""
        return read_labelled_words(source, data, self._dataset.columns, self._names, self._dataset.max_rows)

    def names_of(self, data: LabelledWords) -> list[str]:
        """The labels that were named, or those of the data."""
        return data.names

    def check_training(self, data: LabelledWords, source: DataSource) -> None:
        """Refuse data with one label alone."""
        if len(present := {label for labels in data.labels for label in labels}) < 2:
            raise RunError(
                "DatasetInvalid",
                f"Every word of {source.uri} has the label {data.names[present.pop()]}; a classifier needs examples "
                "of two or more.",
            )

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Pad to the longest row of a batch, labels included."""
        collator: Callable[[list[dict[str, Any]]], Any] = DataCollatorForTokenClassification(
            loaded.tokenizer, label_pad_token_id=IGNORED
        )
        return collator

    def loss(self) -> Loss | None:
        """Cross entropy over words with a weight for each label, if weights are asked for."""
        assert self._train is not None  # noqa: S101 - read() comes first
        weights = label_weights(self._class_weights, self._names, chain.from_iterable(self._train.labels))
        return None if weights is None else weighted_cross_entropy(weights)

    def read_inputs(self, source: DataSource, data: Data, max_rows: int | None) -> Words:
        """Read words without labels."""
        return read_words(source, data, self._dataset.columns, max_rows)

    def encode_inputs(self, tokenizer: PreTrainedTokenizerBase, data: Words) -> list[dict[str, list[int]]]:
        """Token ids of rows of words."""
        encoded = self._tokenize(tokenizer, data.words)
        return [{name: encoded[name][index] for name in encoded} for index in range(len(data))]

    def encode(self, tokenizer: PreTrainedTokenizerBase, data: LabelledWords) -> Encoded:
        """Token ids, and at each word's first piece the index of its label."""
        encoded = self._tokenize(tokenizer, data.words)
        rows, cut = [], 0
        for index, labels in enumerate(data.labels):
            aligned = _aligned(encoded.word_ids(index), labels)
            cut += len(labels) - sum(label != IGNORED for label in aligned)
            rows.append({**{name: encoded[name][index] for name in encoded}, "labels": aligned})
        if cut:
            log.warning(
                "%d words lie beyond spec.task.maxLength (%d) and are left out, in training as in evaluation.",
                cut,
                self._max_length,
            )
        return Encoded(rows)

    def without_padding(self, answer: Logits, mask: NDArray[np.bool_]) -> Logits:
        """The logits [tokens, labels] of one row; a method's virtual tokens, if there are any, stand before them."""
        return answer[-len(mask) :][mask]

    def answers(self, logits: Sequence[Logits], rows: Sequence[Mapping[str, Any]]) -> TaggedWords:
        """The logits at each word's first piece, and the true labels; rows without any word are left out."""
        labels = [np.array(row["labels"], dtype=np.int64) for row in rows]
        pairs = [
            (answer[label != IGNORED], label[label != IGNORED])
            for answer, label in zip(logits, labels, strict=True)
            if (label != IGNORED).any()
        ]
        return TaggedWords([answer for answer, _ in pairs], [label for _, label in pairs], self._names)

    def _tokenize(self, tokenizer: PreTrainedTokenizerBase, words: list[list[str]]) -> Any:  # noqa: ANN401
        return tokenizer(words, is_split_into_words=True, truncation=True, max_length=self._max_length)


def _aligned(words: Sequence[int | None], labels: Sequence[int]) -> list[int]:
    seen: set[int] = set()
    aligned = []
    for word in words:
        first = word is not None and word not in seen
        aligned.append(labels[word] if first and word is not None else IGNORED)
        if word is not None:
            seen.add(word)
    return aligned
