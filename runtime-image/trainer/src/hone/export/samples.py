"""The network's own answers to some real inputs, kept to compare files with that are made of it later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hone.contract import Parity
from hone.errors import RunError
from hone.evaluate.classifier import Classifier, Row

#: How many rows are answered, and how many logits are kept of them: those of a language model are many.
ROWS = 64
LOGITS = 16_000_000


@dataclass(frozen=True)
class Samples:
    """Rows, each a request of its own, and PyTorch's logits for them."""

    rows: list[Row]
    logits: list[NDArray[np.float32]]

    @classmethod
    def answered(cls, reference: Callable[[Row], NDArray[np.float32]], rows: Sequence[Row]) -> "Samples":
        """Asks the network about rows spread over all of them; at least one is kept."""
        chosen: list[Row] = []
        logits: list[NDArray[np.float32]] = []
        for index in np.unique(np.linspace(0, len(rows) - 1, num=min(len(rows), ROWS)).round().astype(int)):
            answer = reference(rows[index])
            if chosen and sum(kept.size for kept in logits) + answer.size > LOGITS:
                break
            chosen.append(rows[index])
            logits.append(answer)
        return cls(chosen, logits)

    def parity(self, model: Classifier) -> Parity:
        """Compares a file's logits with PyTorch's.

        Raises:
            RunError: Unsupported if the file answers with NaN or infinity where PyTorch does not.
        """
        largest, wrong, right, same, answers = 0.0, 0.0, 0.0, 0, 0
        for row, expected in zip(self.rows, self.logits, strict=True):
            actual = model.logits(row)
            if not np.isfinite(actual).all() and np.isfinite(expected).all():
                raise RunError(
                    "Unsupported",
                    "The exported model answers with numbers that are too large for its number format; write BF16 or "
                    "FP32 instead of FP16.",
                )
            difference = (actual - expected).astype(np.float64)
            largest = max(largest, float(np.abs(difference).max()))
            wrong += float((difference**2).sum())
            right += float((expected.astype(np.float64) ** 2).sum())
            same += int((actual.argmax(-1) == expected.argmax(-1)).sum())
            answers += actual[..., 0].size
        one = self.logits[0].shape[-1] == 1
        return Parity(
            max_absolute=largest,
            relative_l2=(wrong / right) ** 0.5 if right else wrong**0.5,
            top_agreement=None if one else same / answers,
            samples=len(self.rows),
        )
