"""Runs a classifier in OpenVINO."""

import threading
from pathlib import Path

import numpy as np
import openvino  # type: ignore[import-untyped]
from numpy.typing import NDArray

from hone.evaluate.classifier import Classifier, Row
from hone.evaluate.latency import Request


class OpenVinoClassifier(Classifier):
    """A model of OpenVINO on one thread of the processor.

    Without the hint OpenVINO computes in BF16 where the processor can, and its answers are off by about 1e-2.
    """

    def __init__(self, path: Path) -> None:
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1}
        self._model = openvino.Core().compile_model(path, "CPU", settings)
        self._inputs = [entry.get_any_name() for entry in self._model.inputs]
        self._own = threading.local()

    def logits(self, row: Row) -> NDArray[np.float32]:
        """The logits of one request: [batch, labels], or [batch, tokens, labels]."""
        answer = self._request().infer({name: row[name] for name in self._inputs})
        return np.array(answer["logits"], dtype=np.float32)

    def request(self, row: Row) -> Request:
        """The row as something to time."""
        feed = {name: row[name] for name in self._inputs}
        inference = self._model.create_infer_request()
        return lambda: inference.infer(feed)

    def _request(self) -> "openvino.InferRequest":
        # A request holds its tensors, so each thread has one of its own.
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        request: openvino.InferRequest = self._own.request
        return request
