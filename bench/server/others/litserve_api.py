"""An ONNX file in LitServe: the one that MODEL names, on the port PORT."""

from __future__ import annotations

import os

import litserve
import numpy as np
import onnxruntime


class OnnxApi(litserve.LitAPI):
    """Runs the file."""

    def setup(self, device: str) -> None:
        """Open the file, on one thread."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(os.environ["MODEL"], options)
        self._input = self._session.get_inputs()[0].name

    def decode_request(self, request: dict[str, list[list[float]]]) -> np.ndarray:
        """Read the rows."""
        return np.array(request["rows"], dtype=np.float32)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Run the model."""
        return self._session.run(None, {self._input: x})[0]

    def encode_response(self, output: np.ndarray) -> dict[str, list[list[float]]]:
        """Write the answer."""
        return {"rows": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(OnnxApi(), accelerator="cpu", workers_per_device=1)
    server.run(
        host="127.0.0.1",
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
