"""Runs a classifier in LiteRT."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from hone.evaluate.classifier import Classifier, Keep, Row
from hone.evaluate.latency import Request

#: Of a file that Hone writes: its only signature, and what that gives.
SIGNATURE = "serving_default"
_OUTPUT = "logits"


class LiteRtClassifier(Classifier):
    """A file of LiteRT on one thread, whose batch and length are fixed.

    Shorter rows are padded, with a mask of zeros, and a batch that is not full with its own last row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _File(path, threads=1)
        self.batch = self._file.batch

    def logits(self, row: Row) -> NDArray[np.float32]:
        """The logits of one request: [batch, labels], or [batch, tokens, labels]."""
        return np.concatenate([self._file.answer(part) for part in _parts(row, self.batch)])

    def request(self, row: Row) -> Request:
        """The row, as often as the file's batch wants it, as something to time."""
        return self._file.request(row)

    def predict(
        self,
        rows: Sequence[Row],
        threads: int,
        progress: Callable[[int], None] = lambda _: None,
        keep: Keep = lambda _, logits: logits,
    ) -> list[Any]:
        """What is kept of each row's logits; rows are answered in batches of the file's size, as it will be used.

        The threads share each batch: an interpreter for each of them would hold the weights once more.
        """
        file = _File(self._path, threads=threads)
        done: list[Any] = []
        for start in range(0, len(rows), self.batch):
            several = [rows[index] for index in range(start, min(start + self.batch, len(rows)))]
            logits = file.answer(file.stacked(several))
            done += [keep(start + index, _own(logits[index], row)) for index, row in enumerate(several)]
            progress(len(done))
        return done


def signature_inputs(path: Path, rows: Sequence[Row]) -> list[dict[str, NDArray[Any]]]:
    """Rows of one each, batch by batch, as whoever calls the file himself gives them to it."""
    file = _File(path, threads=1)
    starts = range(0, len(rows), file.batch)
    return [file.filled(file.stacked(rows[start : start + file.batch])) for start in starts]


class _File:
    """An interpreter, and the names, places and shapes of the file's inputs."""

    def __init__(self, path: Path, threads: int) -> None:
        self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        signature = self._interpreter.get_signature_runner(SIGNATURE)
        self._inputs: dict[str, dict[str, Any]] = signature.get_input_details()
        self._output: int = signature.get_output_details()[_OUTPUT]["index"]
        self.batch = int(next(iter(self._inputs.values()))["shape"][0])

    def stacked(self, rows: Sequence[Row]) -> Row:
        """Rows of one each as one batch, all as long as the file wants them."""
        return {name: np.concatenate([self._long(name, row) for row in rows]) for name in self._inputs}

    def filled(self, rows: Row) -> dict[str, NDArray[Any]]:
        """At most a batch of rows as the file takes them."""
        long = {name: self._long(name, rows) for name in self._inputs}
        # Whatever the others hold, their answers are dropped.
        return {
            name: np.pad(values, [(0, self.batch - len(values)), *[(0, 0)] * (values.ndim - 1)], mode="edge")
            for name, values in long.items()
        }

    def answer(self, rows: Row) -> NDArray[np.float32]:
        """The logits of at most a batch of rows, for as many tokens as they have."""
        self._run(self._placed(rows))
        count = len(next(iter(rows.values())))
        return _own(np.array(self._interpreter.get_tensor(self._output), dtype=np.float32)[:count], rows, axis=1)

    def request(self, row: Row) -> Request:
        """A call of the file, its inputs made before."""
        placed = self._placed(row)

        def call() -> object:
            self._run(placed)
            return self._interpreter.get_tensor(self._output)

        return call

    def _run(self, placed: Sequence[tuple[int, NDArray[Any]]]) -> None:
        for place, values in placed:
            self._interpreter.set_tensor(place, values)
        self._interpreter.invoke()

    def _placed(self, rows: Row) -> list[tuple[int, NDArray[Any]]]:
        return [(self._inputs[name]["index"], values) for name, values in self.filled(rows).items()]

    def _long(self, name: str, rows: Row) -> NDArray[Any]:
        details, values = self._inputs[name], rows[name]
        missing = [(0, int(wanted) - size) for wanted, size in zip(details["shape"][1:], values.shape[1:], strict=True)]
        # 64-bit inputs are 32-bit ones in the file.
        return np.pad(values.astype(details["dtype"]), [(0, 0), *missing])


def _own(logits: NDArray[np.float32], rows: Row, axis: int = 0) -> NDArray[np.float32]:
    """Leave out what was answered to padding: of logits of tokens, those beyond the rows' length."""
    if logits.ndim < axis + 2:
        return logits
    return logits[(slice(None),) * axis + (slice(next(iter(rows.values())).shape[1]),)]


def _parts(row: Row, count: int) -> list[Row]:
    total = len(next(iter(row.values())))
    return [{name: values[start : start + count] for name, values in row.items()} for start in range(0, total, count)]
