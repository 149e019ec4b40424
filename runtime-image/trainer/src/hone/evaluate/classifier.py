"""What is asked for logits, whatever runs it: one row at a time on one thread, as it is served."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hone.evaluate.latency import Request

#: The inputs of one row: token ids int64 [1, tokens], or pixels float32 [1, channels, height, width].
Row = Mapping[str, NDArray[Any]]
#: What is kept of the logits of the row of this number; those of language models are too large to keep whole.
Keep = Callable[[int, NDArray[np.float32]], Any]

_CHUNK = 16


def tensors(row: Row) -> dict[str, torch.Tensor]:
    """The inputs as PyTorch's, which share their memory."""
    return {name: torch.from_numpy(values) for name, values in row.items()}


class Classifier(ABC):
    """A model that answers with logits.

    Rows are answered one by one even when many are there to be answered. A dynamically quantized model has one
    activation scale for each tensor of a request: within a batch a row's answer depends on its neighbours and on the
    padding. So accuracy is measured on the requests that will be served. Rows share the processor instead of a batch.
    `batch` is how many rows a request that is timed has.
    """

    batch: int = 1

    @abstractmethod
    def logits(self, row: Row) -> NDArray[np.float32]:
        """The logits of one request: [batch, labels], or [batch, tokens, labels]."""

    @abstractmethod
    def request(self, row: Row) -> Request:
        """The row as something to time."""

    def predict(
        self,
        rows: Sequence[Row],
        threads: int,
        progress: Callable[[int], None] = lambda _: None,
        keep: Keep = lambda _, logits: logits,
    ) -> list[Any]:
        """What is kept of each row's logits, [labels] or [tokens, labels]; progress hears how many rows are done."""
        chunks = [range(start, min(start + _CHUNK, len(rows))) for start in range(0, len(rows), _CHUNK)]
        done: list[Any] = []
        pool = ThreadPoolExecutor(threads)
        try:
            for answers in pool.map(
                lambda chunk: [keep(index, self.logits(rows[index])[0]) for index in chunk], chunks
            ):
                done.extend(answers)
                progress(len(done))
        finally:
            # A run that is told to stop does not finish the rows first.
            pool.shutdown(cancel_futures=True)
        return done
