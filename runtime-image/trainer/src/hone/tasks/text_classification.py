"""One label for each text or pair of texts."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    PreTrainedModel,
)

from hone.contract import JobConfig, Measurement
from hone.contract.training import Task
from hone.data import LabelledTexts, read_labelled_texts
from hone.errors import RunError
from hone.evaluate.classification import Predictions, measure
from hone.models import from_pretrained, outline
from hone.store import DataSource, ModelSource
from hone.tasks.base import Encoded, Loaded
from hone.tasks.loading import load_part, read_config, sequence_length, tokenizer_files


class TextClassification:
    """Transformers' sequence classification, with a fresh head unless the model has one of the same size."""

    def __init__(self, config: JobConfig) -> None:
        assert config.task is not None  # noqa: S101 - the contract demands it
        self._dataset = config.dataset
        self._task = config.task
        self._names: list[str] = list(config.task.labels or [])
        self._max_length = 0
        self._train: LabelledTexts | None = None
        self._evaluation: LabelledTexts | None = None

    def check(self, model: ModelSource, reserved_positions: int = 0) -> None:
        """Refuse what only the model tells, before data is read."""
        names = self._task.labels
        if names is not None and len(set(names)) != len(names):
            raise RunError("ConfigInvalid", f"spec.task.labels has a label twice ({', '.join(names)}); name each once.")
        if names is not None and len(names) < 2:
            raise RunError("ConfigInvalid", "spec.task.labels needs at least two labels; name all that the data holds.")
        self._max_length = sequence_length(self._task.max_length, read_config(model), model.uri, reserved_positions)
        if not tokenizer_files(model.path):
            raise RunError(
                "ModelInvalid", f"{model.uri} holds no tokenizer; put tokenizer.json beside its config.json."
            )

    def read(self, train: DataSource, evaluation: DataSource | None) -> None:
        """Read and check the data; the evaluation data may hold no label that the training data has no name for."""
        dataset = self._dataset
        assert dataset.train is not None  # noqa: S101 - a source was found for it
        data = read_labelled_texts(train, dataset.train, dataset.columns, self._task.labels, dataset.max_rows)
        if len(present := {data.names[label] for label in data.labels}) < 2:
            raise RunError(
                "DatasetInvalid",
                f"{train.uri} holds only the label {present.pop()}; a classifier needs examples of two or more.",
            )
        self._train, self._names = data, data.names
        if evaluation is not None and dataset.evaluation is not None:
            self._evaluation = read_labelled_texts(
                evaluation, dataset.evaluation, dataset.columns, data.names, dataset.max_rows
            )

    def outline(self, model: ModelSource) -> PreTrainedModel:
        """Build the model with a head on the meta device."""
        return load_part(model.uri, "model", lambda: outline(AutoModelForSequenceClassification, model.path))

    def load(self, model: ModelSource, options: Mapping[str, Any]) -> Loaded:
        """Load model and tokenizer, with a head for the labels."""
        tokenizer = load_part(
            model.uri, "tokenizer", lambda: AutoTokenizer.from_pretrained(model.path, local_files_only=True)
        )
        network, info = load_part(
            model.uri,
            "model",
            lambda: from_pretrained(
                AutoModelForSequenceClassification,
                model.path,
                num_labels=len(self._names),
                id2label=dict(enumerate(self._names)),
                label2id={name: index for index, name in enumerate(self._names)},
                ignore_mismatched_sizes=True,
                **{"dtype": torch.float32, **options},
            ),
        )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        if network.config.pad_token_id is None:
            network.config.pad_token_id = tokenizer.pad_token_id
        network.config.problem_type = "single_label_classification"
        missing = [*info["missing_keys"], *(key[0] for key in info["mismatched_keys"])]
        return Loaded(network, tokenizer, frozenset(key.rpartition(".")[0] for key in missing))

    def training_set(self, loaded: Loaded) -> Encoded:
        """Return the training texts as token ids."""
        assert self._train is not None  # noqa: S101 - read() comes first
        return self._encode(loaded, self._train)

    def evaluation_set(self, loaded: Loaded) -> Encoded | None:
        """Return the evaluation texts as token ids, if there are any."""
        return None if self._evaluation is None else self._encode(loaded, self._evaluation)

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Pad to the longest text of a batch."""
        collator: Callable[[list[dict[str, Any]]], Any] = DataCollatorWithPadding(loaded.tokenizer)
        return collator

    def measure(
        self, model: nn.Module, loaded: Loaded, data: Encoded, batch_size: int, tell: Callable[[float], None]
    ) -> Measurement:
        """Measure in FP32, as the artifact will be used; texts of like length share a batch, for padding costs time."""
        collate = self.collator(loaded)
        device = next(model.parameters()).device
        order = sorted(range(len(data)), key=lambda index: len(data[index]["input_ids"]))
        logits = np.zeros((len(data), len(self._names)), dtype=np.float32)
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), batch_size):
                indexes = order[start : start + batch_size]
                batch = collate([{k: v for k, v in data[index].items() if k != "labels"} for index in indexes])
                logits[indexes] = model(**batch.to(device)).logits.float().cpu().numpy()
                tell((start + len(indexes)) / len(order))
        return measure(Predictions(logits, np.array([row["labels"] for row in data.rows], dtype=np.int64)))

    def spec(self) -> Task:
        """Return the task with the labels in the order of the logits."""
        return Task(type="TextClassification", labels=self._names, max_length=self._max_length)

    def _encode(self, loaded: Loaded, data: LabelledTexts) -> Encoded:
        encoded = loaded.tokenizer(data.texts, data.pairs, truncation=True, max_length=self._max_length)
        columns = {name: encoded[name] for name in encoded}
        return Encoded(
            [
                {**{name: values[index] for name, values in columns.items()}, "labels": label}
                for index, label in enumerate(data.labels)
            ]
        )
