"""How good a model is that gives each word a label: word by word, and entity by entity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from hone.evaluate.answers import Answers
from hone.evaluate.classification import agreement_of, mean_f1
from hone.evaluate.intervals import Figure, Weights

#: An entity: its type, its first word, and the word after its last.
Entity = tuple[str, int, int]
_OUTSIDE = "O"


@dataclass(frozen=True)
class TaggedWords(Answers):
    """The logits [words, labels] of one model for the words of each row, and the true labels [words] of each row.

    Intervals come from drawing rows, not words: the words of one sentence are not independent of one another.
    """

    logits: Sequence[NDArray[np.float32]]
    truth: Sequence[NDArray[np.int64]]
    names: Sequence[str]

    accuracy: ClassVar[str | None] = "tokenAccuracy"

    def __post_init__(self) -> None:
        shapes = [(len(truth), len(self.names)) for truth in self.truth]
        if [logits.shape for logits in self.logits] != shapes or not sum(len(truth) for truth in self.truth):
            raise ValueError("the logits do not fit the words and their labels")

    @property
    def rows(self) -> int:
        """How many rows were answered."""
        return len(self.truth)

    @property
    def primary(self) -> str:
        """F1 over entities where the labels mark entities, the share of right words otherwise."""
        return "entityF1" if is_bio(self.names) else "tokenAccuracy"

    @cached_property
    def top(self) -> list[NDArray[np.int64]]:
        """The answer for each word of each row."""
        return [np.asarray(logits.argmax(axis=1), dtype=np.int64) for logits in self.logits]

    def figures(self) -> Mapping[str, Figure]:
        """Token accuracy in percent, macro F1 over the labels of words, and precision, recall and F1 over entities."""
        lengths = np.array([len(truth) for truth in self.truth], dtype=np.float64)
        right = np.array([int((top == truth).sum()) for top, truth in zip(self.top, self.truth, strict=True)])
        row = np.repeat(np.arange(self.rows), lengths.astype(np.int64))
        truth, top, labels = np.concatenate(self.truth), np.concatenate(self.top), len(self.names)
        correct = truth == top

        def macro_f1(weights: Weights) -> float:
            each = weights[row]
            occurs = np.bincount(truth, each, labels) + np.bincount(top, each, labels)
            return mean_f1(np.bincount(truth[correct], each[correct], labels), occurs)

        words: dict[str, Figure] = {
            "tokenAccuracy": lambda weights: 100 * float(weights @ right / (weights @ lengths)),
            "macroF1": macro_f1,
        }
        return {**self._entity_figures(), **words} if is_bio(self.names) else words

    def _entity_figures(self) -> dict[str, Figure]:
        found = [set(entities([self.names[index] for index in top])) for top in self.top]
        true = [set(entities([self.names[index] for index in truth])) for truth in self.truth]
        both = np.array([len(one & other) for one, other in zip(found, true, strict=True)], dtype=np.float64)
        given = np.array([len(one) for one in found], dtype=np.float64)
        wanted = np.array([len(one) for one in true], dtype=np.float64)

        def ratio(part: Weights, whole: Weights) -> Figure:
            def figure(weights: Weights) -> float:
                # Nothing found where nothing was to be found is no mistake, and nothing to judge by either.
                return float(weights @ part / all_of) if (all_of := weights @ whole) > 0 else float("nan")

            return figure

        return {
            "entityF1": ratio(2 * both, given + wanted),
            "entityPrecision": ratio(both, given),
            "entityRecall": ratio(both, wanted),
        }

    def loss(self) -> float:
        """The mean cross entropy over all words."""
        logits, truth = np.concatenate(self.logits).astype(np.float64), np.concatenate(self.truth)
        return -float(log_softmax(logits, axis=1)[np.arange(len(truth)), truth].mean())

    def same_rows(self, other: Self) -> bool:
        """Tell whether the truth is the same."""
        return len(self.truth) == len(other.truth) and all(
            np.array_equal(one, two) for one, two in zip(self.truth, other.truth, strict=True)
        )

    def agreement(self, other: Self) -> Figure:
        """The share of words that get the same label from both; those of one row are drawn together."""
        return agreement_of(list(zip(self.top, other.top, strict=True)))


def is_bio(names: Sequence[str]) -> bool:
    """Tell whether the labels mark entities: O, and B- and I- before each type."""
    return _OUTSIDE in names and len(names) > 1 and all(name == _OUTSIDE or name[:2] in ("B-", "I-") for name in names)


def entities(labels: Sequence[str]) -> list[Entity]:
    """The entities of one row, as CoNLL's evaluation finds them (Tjong Kim Sang and De Meulder 2003).

    B- begins an entity; so does an I- that does not go on with the type before it.
    """
    found: list[Entity] = []
    kind, start = "", 0
    for index, label in enumerate([*labels, _OUTSIDE]):
        this = "" if label == _OUTSIDE else label[2:]
        goes_on = label[:2] == "I-" and this == kind
        if kind and not goes_on:
            found.append((kind, start, index))
        if not goes_on:
            kind, start = this, index
    return found
