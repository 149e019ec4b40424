"""Models for texts, to be compressed."""

import gc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from hone.compress.subject import Truth
from hone.contract.job import Dataset
from hone.contract.source import Data
from hone.contract.training import Task
from hone.data.language import NumberedExample, read_language_examples
from hone.evaluate.answers import Answers
from hone.evaluate.classifier import Keep, Row
from hone.evaluate.language import Continuations, continuation
from hone.export import ExportedClassifier, export_classifier
from hone.models import save_pretrained
from hone.store import DataSource
from hone.tasks import TextTask
from hone.tasks.base import Loaded
from hone.tasks.language.task import sequences
from hone.tasks.loading import pad_with_some_token


@dataclass
class TextModel:
    """A model for texts, with its tokenizer and what it was trained for."""

    network: PreTrainedModel
    auto: Any
    tokenizer: PreTrainedTokenizerBase
    task: Task
    pad_id: int

    def placeholder_rows(self) -> list[Row]:
        """Rows of made-up tokens, for a model without data."""
        draw = np.random.default_rng(0)
        longest = self.task.max_length or 2
        lengths = sorted({2, max(2, longest // 2), longest})
        size = self.network.config.vocab_size
        return [
            {"input_ids": draw.integers(size, size=(1, length)), "attention_mask": np.ones((1, length), dtype=np.int64)}
            for length in lengths
        ]

    def release_network(self) -> None:
        """Lets the weights go; encoding still works."""
        self.network.to("meta")
        gc.collect()

    def keep(self, truth: Truth) -> Keep:
        """Keeps the logits whole."""
        return lambda _, logits: logits

    def export(self, rows: Sequence[Row], path: Path, opset: int) -> ExportedClassifier:
        """Writes the network with any batch size and length."""
        return export_classifier(self.network, rows, path, opset=opset, pad_id=self.pad_id)

    def export_litert(self, rows: Sequence[Row], path: Path, batch: int) -> ExportedClassifier:
        """Writes the network for rows of the longest length."""
        # Together with JAX it takes seconds to import, and few runs need it.
        from hone.export.litert_model import export_litert

        length = self.task.max_length
        return export_litert(self.network, rows, path, batch=batch, length=length, pad_id=self.pad_id)

    def loaded(self) -> Loaded:
        """The network with its tokenizer, which may pad with another token if it has none to pad with."""
        pad_with_some_token(self.tokenizer)
        return Loaded(self.network, self.tokenizer, frozenset())

    def save_network(self, folder: Path) -> None:
        """Writes network and tokenizer."""
        save_pretrained(self.network, folder)
        self.tokenizer.save_pretrained(folder)

    def save_beside(self, folder: Path) -> None:
        """Writes tokenizer.json without padding or cutting of its own: the server goes by the task's maxLength."""
        tokenizer = Tokenizer.from_str(self.tokenizer.backend_tokenizer.to_str())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.save(str(folder / "tokenizer.json"))


@dataclass
class Classifier(TextModel):
    """A model that labels or scores texts."""

    handler: TextTask[Any]

    def read_labelled(self, source: DataSource, data: Data) -> tuple[list[Row], Truth]:
        """Rows as the model takes them, and the same rows with their labels."""
        read = self.handler.read_evaluation(source, data)
        encoded = self.handler.encode(self.tokenizer, read).rows
        return self._arrays(encoded, read), encoded

    def read_inputs(self, source: DataSource, data: Data, max_rows: int) -> list[Row]:
        """Rows as the model takes them, each of its own length."""
        read = self.handler.read_inputs(source, data, max_rows)
        return self._arrays(self.handler.encode_inputs(self.tokenizer, read), read)

    def answers(self, kept: list[Any], truth: Truth) -> Answers:
        """Logits and labels."""
        return self.handler.answers(kept, truth)

    def _arrays(self, encoded: Sequence[Mapping[str, Any]], data: Any) -> list[Row]:  # noqa: ANN401
        names = self._inputs(data)
        return [{name: np.array([row[name]], dtype=np.int64) for name in names} for row in encoded]

    def _inputs(self, data: Any) -> Sequence[str]:  # noqa: ANN401
        # Only pairs have two token types; a single text's are zeros, which the exported model holds itself.
        types = getattr(data, "pairs", None) is not None and getattr(self.network.config, "type_vocab_size", 0) > 1
        return ("input_ids", "attention_mask", "token_type_ids") if types else ("input_ids", "attention_mask")


@dataclass
class LanguageModel(TextModel):
    """A model that goes on with a text; its cache is no part of the graph."""

    dataset: Dataset

    def read_labelled(self, source: DataSource, data: Data) -> tuple[list[Row], Truth]:
        """Rows as the model takes them, and the labels of the tokens that are predicted."""
        read = read_language_examples(source, data, self.dataset.columns, self.dataset.max_rows)
        return self._rows(read, source)

    def read_inputs(self, source: DataSource, data: Data, max_rows: int) -> list[Row]:
        """Rows as the model takes them."""
        return self._rows(read_language_examples(source, data, self.dataset.columns, max_rows), source)[0][:max_rows]

    def keep(self, truth: Truth) -> Keep:
        """Keeps the loss and the likeliest of each token: all logits of a long text are hundreds of megabytes."""
        return lambda index, logits: continuation(logits, truth[index]["labels"])

    def answers(self, kept: list[Any], truth: Truth) -> Answers:
        """The predictions of all texts."""
        return Continuations(kept)

    def _rows(self, examples: list[NumberedExample], source: DataSource) -> tuple[list[Row], Truth]:
        found = sequences(self.tokenizer, self.task.max_length or 0, examples, source.uri)
        ids = [np.array([sequence.ids], dtype=np.int64) for sequence in found]
        return (
            [{"input_ids": values, "attention_mask": np.ones_like(values)} for values in ids],
            [{"labels": np.array(sequence.labels, dtype=np.int64)} for sequence in found],
        )
