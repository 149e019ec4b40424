"""An ONNX file with open axes, for ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path

from hone.compress.targets.base import DEFAULT_OPSET, Delivered, FromOnnx, Name, Stored, opset_of
from hone.contract.compression import Onnx, Step
from hone.contract.training import Task
from hone.evaluate.classifier import Row
from hone.onnx_files import outside


class OnnxFile(FromOnnx):
    """What the steps have made is delivered as it is."""

    name: Name = "ONNX"
    stored: Stored = "ONNX"
    for_gpu = False

    def __init__(self, options: Onnx) -> None:
        self.opset = options.opset or DEFAULT_OPSET

    def complete(self, steps: Sequence[Step]) -> list[Step]:
        """Adds nothing."""
        return list(steps)

    def baseline(self, exported: Path, folder: Path, batches: Sequence[Row]) -> Path:
        """The exported file."""
        return exported

    def write(self, source: Path, folder: Path, task: Task) -> Delivered:
        """The file as it is."""
        return Delivered(source, opset_of(outside(source)))
