"""How well a language model predicts: perplexity, with an interval over examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from hone.evaluate.answers import Answers
from hone.evaluate.classification import agreement_of
from hone.evaluate.intervals import Figure, Weights

#: The label of a token that is given and not predicted.
IGNORED = -100


@dataclass(frozen=True)
class Continuation:
    """One example: each token that was to be predicted, the likeliest one there, and the loss, [tokens] each."""

    truth: NDArray[np.int64]
    top: NDArray[np.int64]
    losses: NDArray[np.float32]


def continuation(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> Continuation:
    """Compare the logits [tokens, vocabulary] of one example with its labels [tokens].

    The logits at a token are those of the next; the loss is the negative log-likelihood, in FP32.
    """
    counted = np.flatnonzero(labels[1:] != IGNORED)
    truth = labels[1:][counted]
    likely = log_softmax(logits[:-1][counted].astype(np.float32), axis=1)
    return Continuation(truth, np.asarray(likely.argmax(axis=1), dtype=np.int64), -likely[np.arange(len(truth)), truth])


class Continuations(Answers):
    """One model's predictions of the tokens of all examples; a row is an example."""

    primary: ClassVar[str] = "perplexity"

    def __init__(self, examples: Sequence[Continuation]) -> None:
        if not examples or not all(len(example.truth) for example in examples):
            raise ValueError("an example without a token to predict can't be measured")
        self._examples = list(examples)
        self._sums = np.array([example.losses.astype(np.float64).sum() for example in examples])
        self._right = np.array([float((example.top == example.truth).sum()) for example in examples])
        self._counts = np.array([float(len(example.truth)) for example in examples])

    @property
    def rows(self) -> int:
        """How many examples there are."""
        return len(self._examples)

    def figures(self) -> Mapping[str, Figure]:
        """Perplexity, exp(sum of losses / tokens), and the share of tokens that were the likeliest, in percent.

        Whole examples are drawn for the intervals, for the tokens of one depend on each other.
        """

        def perplexity(weights: Weights) -> float:
            return float(np.exp(weights @ self._sums / (weights @ self._counts)))

        def token_accuracy(weights: Weights) -> float:
            return 100 * float(weights @ self._right / (weights @ self._counts))

        return {"perplexity": perplexity, "tokenAccuracy": token_accuracy}

    def loss(self) -> float:
        """The mean loss of a token."""
        return float(self._sums.sum() / self._counts.sum())

    def same_rows(self, other: Self) -> bool:
        """Tell whether the tokens to predict are the same."""
        return len(self._examples) == len(other._examples) and all(
            np.array_equal(one.truth, two.truth) for one, two in zip(self._examples, other._examples, strict=True)
        )

    def agreement(self, other: Self) -> Figure:
        """The share of tokens for which both hold the same one for the likeliest; whole examples are drawn."""
        return agreement_of([(one.top, two.top) for one, two in zip(self._examples, other._examples, strict=True)])
