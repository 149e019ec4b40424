"""ONNX files in KServe's Python server: MODELS/<name>/1/model.onnx."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import onnxruntime
from kserve import InferRequest, InferResponse, Model, ModelServer
from kserve.utils.utils import get_predict_response


class OnnxModel(Model):
    """Runs one file."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name)
        self._path = path
        self.load()

    def load(self) -> bool:
        """Open the file, on one thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(self._path, options)
        self.ready = True
        return True

    def predict(
        self,
        payload: InferRequest,
        headers: dict[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> InferResponse:
        """Answer a request."""
        feeds = {each.name: each.as_numpy() for each in payload.inputs}
        return get_predict_response(payload, self._session.run(None, feeds)[0], self.name)


if __name__ == "__main__":
    server = ModelServer(workers=1, enable_latency_logging=False)
    # No lines for single requests: neither of Uvicorn nor of KServe's own timing.
    logging.getLogger("uvicorn.access").handlers.clear()
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)
    folder = Path(os.environ["MODELS"])
    server.start([OnnxModel(each.name, each / "1" / "model.onnx") for each in sorted(folder.iterdir())])
