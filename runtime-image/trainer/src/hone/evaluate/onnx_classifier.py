"""Runs a classifier in ONNX Runtime, one row at a time on one thread, as it is served."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hone.evaluate.latency import Request

#: The inputs of one row, each [1, tokens].
Row = Mapping[str, NDArray[np.int64]]

PROVIDER = "CPUExecutionProvider"
_CHUNK = 16


class OnnxClassifier:
    """A session that answers with logits.

    Rows are answered one by one even when many are there to be answered. A dynamically quantized model has one
    activation scale for each tensor of a request: within a batch a row's answer depends on its neighbours and on the
    padding. So accuracy is measured on the requests that will be served. Rows share the processor instead of a batch.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=[PROVIDER])
        self._inputs = [entry.name for entry in self._session.get_inputs()]

    def logits(self, row: Row) -> NDArray[np.float32]:
        """The logits of one request: [batch, labels], or [batch, tokens, labels]."""
        (logits,) = self._session.run(["logits"], {name: row[name] for name in self._inputs})
        return np.asarray(logits, dtype=np.float32)

    def request(self, row: Row) -> Request:
        """The row as something to time."""
        feed = {name: row[name] for name in self._inputs}
        return lambda: self._session.run(["logits"], feed)

    def predict(
        self, rows: Sequence[Row], threads: int, progress: Callable[[int], None] = lambda _: None
    ) -> list[NDArray[np.float32]]:
        """Each row's logits, [labels] or [tokens, labels], on so many threads; progress hears how many are done."""
        chunks = [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]
        done: list[NDArray[np.float32]] = []
        pool = ThreadPoolExecutor(threads)
        try:
            for answers in pool.map(self._answer, chunks):
                done.extend(answers)
                progress(len(done))
        finally:
            # A run that is told to stop does not finish the rows first.
            pool.shutdown(cancel_futures=True)
        return done

    def _answer(self, rows: Sequence[Row]) -> list[NDArray[np.float32]]:
        return [self.logits(row)[0] for row in rows]
