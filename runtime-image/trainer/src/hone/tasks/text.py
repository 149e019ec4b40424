"""What the tasks on texts have in common: the model's loading, token ids, batches and answers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from hone.contract import JobConfig
from hone.contract.source import Data
from hone.contract.training import Task, TaskType
from hone.errors import RunError
from hone.evaluate.answers import Answers
from hone.models import from_pretrained, outline
from hone.store import DataSource, ModelSource
from hone.tasks.base import Encoded, Loaded, Loss, answering, batches_by_length
from hone.tasks.labels import require_distinct
from hone.tasks.loading import (
    fresh_modules,
    head_of,
    load_part,
    load_tokenizer,
    pad_with_some_token,
    read_config,
    require_tokenizer,
    sequence_length,
)

D = TypeVar("D")

#: Logits of one row, without padding: [labels], or [tokens, labels].
Logits = NDArray[np.float32]


class TextTask(ABC, Generic[D]):
    """A task on texts; `D` is its data, checked. A fresh head is put on unless the model has one of the same size."""

    type: ClassVar[TaskType]
    #: Transformers' class of models with a head for the task.
    auto: ClassVar[Any] = AutoModelForSequenceClassification
    #: Transformers' name of the loss.
    problem: ClassVar[str | None] = None
    #: How many labels the task has at least; None if it has none.
    fewest_labels: ClassVar[int | None] = 2
    mean_over_tokens = False

    def __init__(self, config: JobConfig) -> None:
        assert config.task is not None  # noqa: S101 - the contract demands it
        self._dataset = config.dataset
        self._task = config.task
        self._class_weights = config.training.class_weights if config.training is not None else None
        self._names: list[str] = list(config.task.labels or [])
        self._max_length = config.task.max_length or 0
        self._train: D | None = None
        self._evaluation: D | None = None

    @classmethod
    def trained(cls, config: JobConfig, task: Task) -> Self:
        """Return the handler of a model that was trained already: its labels and length are the task's."""
        return cls(config.model_copy(update={"task": task, "training": None}))

    def check(self, model: ModelSource, reserved_positions: int = 0) -> None:
        """Refuse what only the model tells, before data is read."""
        self._check_labels()
        self._max_length = sequence_length(self._task.max_length, read_config(model), model.uri, reserved_positions)
        require_tokenizer(model)

    def read(self, train: DataSource, evaluation: DataSource | None) -> None:
        """Read and check the data; the evaluation data may hold no label that the training data has no name for."""
        dataset = self._dataset
        assert dataset.train is not None  # noqa: S101 - a source was found for it
        self._train = self.read_labelled(train, dataset.train)
        self._names = self.names_of(self._train)
        self.check_training(self._train, train)
        if evaluation is not None and dataset.evaluation is not None:
            self._evaluation = self.read_evaluation(evaluation, dataset.evaluation)

    def outline(self, model: ModelSource) -> PreTrainedModel:
        """Build the model with a head on the meta device."""
        return load_part(model.uri, "model", lambda: outline(self.auto, model.path))

    def load(self, model: ModelSource, options: Mapping[str, Any]) -> Loaded:
        """Load model and tokenizer, with a head for the labels."""
        tokenizer = self.load_tokenizer(model)
        network, info = load_part(
            model.uri,
            "model",
            lambda: from_pretrained(
                self.auto,
                model.path,
                **self._head(),
                ignore_mismatched_sizes=True,
                **{"dtype": torch.float32, **options},
            ),
        )
        pad_with_some_token(tokenizer)
        if network.config.pad_token_id is None:
            network.config.pad_token_id = tokenizer.pad_token_id
        if self.problem is not None:
            network.config.problem_type = self.problem
        return Loaded(network, tokenizer, fresh_modules(info))

    def load_tokenizer(self, model: ModelSource) -> PreTrainedTokenizerBase:
        """Load the tokenizer."""
        return load_tokenizer(model)

    def training_set(self, loaded: Loaded) -> Encoded:
        """Return the training texts as token ids."""
        assert self._train is not None  # noqa: S101 - read() comes first
        return self.encode(loaded.tokenizer, self._train)

    def evaluation_set(self, loaded: Loaded) -> Encoded | None:
        """Return the evaluation texts as token ids, if there are any."""
        return None if self._evaluation is None else self.encode(loaded.tokenizer, self._evaluation)

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Pad to the longest text of a batch."""
        collator: Callable[[list[dict[str, Any]]], Any] = DataCollatorWithPadding(loaded.tokenizer)
        return collator

    def loss(self) -> Loss | None:
        """Return the loss to train with, or None for the model's own."""
        return None

    def answer(
        self, model: nn.Module, loaded: Loaded, data: Encoded, batch_size: int, tell: Callable[[float], None]
    ) -> Answers:
        """Answer all rows."""
        collate = DataCollatorWithPadding(loaded.tokenizer)
        logits: list[Logits] = [np.empty(0, dtype=np.float32)] * len(data)
        with answering(model) as device:
            for indexes in batches_by_length(data, batch_size, tell):
                batch = collate([{k: v for k, v in data[index].items() if k != "labels"} for index in indexes])
                answers = model(**batch.to(device)).logits.float().cpu().numpy()
                for index, answer, mask in zip(indexes, answers, batch["attention_mask"].cpu().numpy(), strict=True):
                    logits[index] = self.without_padding(answer, mask.astype(np.bool_))
        return self.answers(logits, data.rows)

    def spec(self) -> Task:
        """Return the task with the labels in the order of the logits."""
        return Task(type=self.type, labels=self._names or None, max_length=self._max_length)

    def without_padding(self, answer: Logits, mask: NDArray[np.bool_]) -> Logits:
        """The logits of one row of a batch; `mask` [tokens] is false for padding."""
        return answer

    @abstractmethod
    def read_labelled(self, source: DataSource, data: Data) -> D:
        """Read one part of the data."""

    def read_evaluation(self, source: DataSource, data: Data) -> D:
        """Read the evaluation data, and refuse what nothing can be measured on."""
        return self.read_labelled(source, data)

    def names_of(self, data: D) -> list[str]:
        """The labels in the order of the logits."""
        return self._names

    def check_training(self, data: D, source: DataSource) -> None:
        """Refuse training data that teaches nothing."""

    @abstractmethod
    def read_inputs(self, source: DataSource, data: Data, max_rows: int | None) -> Any:  # noqa: ANN401
        """Read rows without their labels, for calibration."""

    @abstractmethod
    def encode_inputs(self, tokenizer: PreTrainedTokenizerBase, data: Any) -> list[dict[str, list[int]]]:  # noqa: ANN401
        """Token ids of rows, without labels."""

    @abstractmethod
    def encode(self, tokenizer: PreTrainedTokenizerBase, data: D) -> Encoded:
        """Token ids and labels of rows."""

    @abstractmethod
    def answers(self, logits: Sequence[Logits], rows: Sequence[Mapping[str, Any]]) -> Answers:
        """A model's logits for encoded rows as something to measure."""

    def _check_labels(self) -> None:
        names = self._task.labels
        if names is None or self.fewest_labels is None:
            return
        require_distinct(names)
        if len(names) < self.fewest_labels:
            count = "one label" if self.fewest_labels == 1 else "two labels"
            raise RunError("ConfigInvalid", f"spec.task.labels needs at least {count}; name all that the data holds.")

    def _head(self) -> dict[str, Any]:
        return head_of(self._names)


def encode_texts(
    tokenizer: PreTrainedTokenizerBase, texts: list[str], pairs: list[str] | None, max_length: int
) -> list[dict[str, list[int]]]:
    """Token ids of texts or pairs of texts, each of its own length."""
    encoded = tokenizer(texts, pairs, truncation=True, max_length=max_length)
    return [{name: encoded[name][index] for name in encoded} for index in range(len(texts))]
