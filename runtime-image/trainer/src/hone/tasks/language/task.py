"""The task: a causal language model learns to go on."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from hone.contract import JobConfig
from hone.contract.training import Task
from hone.data.language import NumberedExample, kind_of, read_language_examples
from hone.data.rows import BadRows
from hone.errors import RunError
from hone.evaluate.language import Continuation, Continuations, continuation
from hone.models import from_pretrained, outline
from hone.store import DataSource, ModelSource
from hone.tasks.base import Encoded, Loaded, Loss, answering, batches_by_length
from hone.tasks.language.batches import LanguageCollator
from hone.tasks.language.packing import check_isolation, check_positions, pack
from hone.tasks.language.tokens import LanguageTokenizer, Sequence, UnusableError, check_chat
from hone.tasks.loading import (
    load_part,
    load_tokenizer,
    pad_with_some_token,
    read_config,
    require_tokenizer,
    sequence_length,
)

#: Methods whose virtual tokens stand before a whole block.
_VIRTUAL = ("prefixTuning", "promptTuning")


class CausalLM:
    """Transformers' causal language modelling on texts, prompts with completions, or conversations."""

    mean_over_tokens = True

    def __init__(self, config: JobConfig) -> None:
        assert config.task is not None  # noqa: S101 - the contract demands it
        self._dataset = config.dataset
        self._task = config.task
        self._kind = kind_of(config.dataset.columns)
        self._packing = config.training is not None and config.training.packing
        if self._packing and config.method is not None and config.method.choice in _VIRTUAL:
            raise RunError(
                "ConfigInvalid",
                f"The virtual tokens of {config.method.choice} stand before a block, not before each example in it; "
                "remove training.packing.",
            )
        self._model: ModelSource | None = None
        self._max_length = 0
        self._train: list[NumberedExample] = []
        self._evaluation: list[NumberedExample] | None = None

    def check(self, model: ModelSource, reserved_positions: int = 0) -> None:
        """Refuse what only the model tells, before data is read."""
        self._model = model
        self._max_length = sequence_length(self._task.max_length, read_config(model), model.uri, reserved_positions)
        if self._max_length < 2:
            raise RunError("ConfigInvalid", "spec.task.maxLength is 1, but a token is learnt from those before it.")
        require_tokenizer(model)
        if self._kind == "messages":
            check_chat(load_tokenizer(model), model.uri)
        if self._packing:
            check_positions(self.outline(model), model.uri)

    def read(self, train: DataSource, evaluation: DataSource | None) -> None:
        """Read and check the data."""
        dataset = self._dataset
        assert dataset.train is not None  # noqa: S101 - a source was found for it
        self._train = read_language_examples(train, dataset.train, dataset.columns, dataset.max_rows)
        if evaluation is not None and dataset.evaluation is not None:
            self._evaluation = read_language_examples(evaluation, dataset.evaluation, dataset.columns, dataset.max_rows)

    def outline(self, model: ModelSource) -> PreTrainedModel:
        """Build the model on the meta device."""
        return load_part(model.uri, "model", lambda: outline(AutoModelForCausalLM, model.path))

    def load(self, model: ModelSource, options: Mapping[str, Any]) -> Loaded:
        """Load model and tokenizer; a checkpoint without all of its weights is refused."""
        tokenizer = load_tokenizer(model)
        network, info = load_part(
            model.uri,
            "model",
            lambda: from_pretrained(AutoModelForCausalLM, model.path, **{"dtype": torch.float32, **options}),
        )
        if missing := sorted(info["missing_keys"]):
            raise RunError(
                "ModelInvalid",
                f"{model.uri} is no trained language model ({missing[0]} is missing); save the whole model, with its "
                "output layer, and name that folder.",
            )
        pad_with_some_token(tokenizer)
        # A cache takes memory that nothing reads, and makes Transformers overlook where a block's sequences start.
        network.config.use_cache = False
        return Loaded(network, tokenizer, frozenset())

    def training_set(self, loaded: Loaded) -> Encoded:
        """Return the training examples as token ids, one in each row or, with packing, as many as fit."""
        assert self._dataset.train is not None  # noqa: S101 - a source was found for it
        found = sequences(loaded.tokenizer, self._max_length, self._train, self._dataset.train.uri)
        if not self._packing:
            return Encoded([_row(sequence) for sequence in found])
        assert self._model is not None  # noqa: S101 - check() comes first
        check_isolation(loaded.model, self._model.uri)
        return Encoded([dict(block) for block in pack(found, self._max_length)])

    def evaluation_set(self, loaded: Loaded) -> Encoded | None:
        """Return the evaluation examples as token ids, one in each row, if there are any."""
        if self._evaluation is None or self._dataset.evaluation is None:
            return None
        found = sequences(loaded.tokenizer, self._max_length, self._evaluation, self._dataset.evaluation.uri)
        return Encoded([_row(sequence) for sequence in found])

    def collator(self, loaded: Loaded) -> Callable[[list[dict[str, Any]]], Any]:
        """Pad to the longest row of a batch."""
        return LanguageCollator(loaded.tokenizer.pad_token_id or 0)

    def loss(self) -> Loss | None:
        """Return None: the model's own is the cross entropy of the tokens that are learnt, in FP32."""
        return None

    def answer(
        self, model: nn.Module, loaded: Loaded, data: Encoded, batch_size: int, tell: Callable[[float], None]
    ) -> Continuations:
        """Predict the tokens of all rows; of the logits only the loss and the likeliest of each token are kept."""
        collate = self.collator(loaded)
        found: dict[int, Continuation] = {}
        with answering(model) as device:
            for indexes in batches_by_length(data, batch_size, tell):
                batch = {name: values.to(device) for name, values in collate([data[i] for i in indexes]).items()}
                labels = batch.pop("labels").cpu().numpy()
                # A method may put virtual tokens before the row.
                logits = model(**batch).logits[:, -labels.shape[1] :].float().cpu().numpy()
                for place, index in enumerate(indexes):
                    found[index] = continuation(logits[place], labels[place])
        return Continuations([found[index] for index in range(len(data))])

    def spec(self) -> Task:
        """Return the task with the length that was trained."""
        return Task(type="CausalLM", max_length=self._max_length)


def sequences(
    tokenizer: PreTrainedTokenizerBase, max_length: int, examples: list[NumberedExample], uri: str
) -> list[Sequence]:
    """Return the sequences of all examples; those of which nothing would be learnt are told."""
    language = LanguageTokenizer(tokenizer, max_length)
    bad = BadRows(uri)
    found: list[Sequence] = []
    for numbered in examples:
        try:
            found += language.sequences(numbered.example)
        except UnusableError as why:
            bad.add(numbered.row, str(why))
    bad.refuse()
    return found


def _row(sequence: Sequence) -> dict[str, Any]:
    return {"input_ids": sequence.ids, "attention_mask": [1] * len(sequence.ids), "labels": sequence.labels}
