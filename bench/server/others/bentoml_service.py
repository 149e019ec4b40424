"""An ONNX file in BentoML: the one that MODEL names."""

from __future__ import annotations

import os
from typing import Annotated

import bentoml
import numpy as np
import onnxruntime
from bentoml.validators import DType


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class OnnxService:
    """Runs the file."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self._input = self._session.get_inputs()[0].name

    @bentoml.api
    def predict(self, rows: Annotated[np.ndarray, DType("float32")]) -> np.ndarray:
        """Answer a request."""
        return self._session.run(None, {self._input: rows})[0]
