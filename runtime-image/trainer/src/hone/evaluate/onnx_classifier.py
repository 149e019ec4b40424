"""Runs a classifier in ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from hone.evaluate.classifier import Classifier, Keep, Row
from hone.evaluate.latency import Request

__all__ = ["PROVIDER", "Keep", "OnnxClassifier", "Row"]

PROVIDER = "CPUExecutionProvider"


class OnnxClassifier(Classifier):
    """A session of ONNX Runtime on one thread."""

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
