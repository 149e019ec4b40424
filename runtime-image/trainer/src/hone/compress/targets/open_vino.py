"""OpenVINO's intermediate representation: model.xml, and model.bin with the weights."""

import re
from collections.abc import Sequence
from pathlib import Path

import onnx
import openvino  # type: ignore[import-untyped]

from hone.compress.targets.base import Delivered, FromOnnx, Name, Stored, operator, unknown_operators
from hone.contract.compression import OpenVino, Step
from hone.contract.training import Task
from hone.errors import RunError, first_line
from hone.evaluate.classifier import Row
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.export import compare_batches

MODEL = "model.xml"
_UNKNOWN = re.compile(r"No conversion rule found for operations: (.+)")


class OpenVinoModel(FromOnnx):
    """The ONNX file, converted; open axes stay open."""

    name: Name = "OpenVINO"
    stored: Stored = "OpenVINO"
    file = MODEL
    for_gpu = False

    def __init__(self, options: OpenVino) -> None:
        self._half = options.compress_to_fp16 is True

    def complete(self, steps: Sequence[Step]) -> list[Step]:
        """Adds nothing."""
        return list(steps)

    def baseline(self, exported: Path, folder: Path, batches: Sequence[Row]) -> Path:
        """The untouched model in OpenVINO, which has to answer as in ONNX Runtime: batches of other shapes too."""
        path = convert(exported, folder / MODEL, half=False)
        compare_batches(path, OnnxClassifier(exported).logits, batches)
        return path

    def write(self, source: Path, folder: Path, task: Task) -> Delivered:
        """Converts the file."""
        path = convert(source, folder / MODEL, half=self._half)
        version = ".".join(openvino.__version__.split(".")[:2])
        return Delivered(
            path,
            message=f"Written by OpenVINO {version} with INFERENCE_PRECISION_HINT f32. Hone's server runs ONNX, "
            "so no InferenceDeployment takes this artifact.",
        )


def convert(source: Path, target: Path, *, half: bool) -> Path:
    """Converts an ONNX file; `half` stores FP32 weights in FP16, which is undone when the model is loaded.

    Raises:
        RunError: Unsupported, with the place in the model, for an operator that OpenVINO does not know.
    """
    try:
        model = openvino.convert_model(source)
    except Exception as error:  # OpenVINO's own errors have no common type
        found = _UNKNOWN.search(str(error))
        if found is None:
            raise RunError("Unsupported", f"OpenVINO can't convert the model: {first_line(error)}.") from error
        unknown = {name.strip() for name in found.group(1).split(",")}
        nodes = onnx.load(source, load_external_data=False).graph.node
        raise unknown_operators("OpenVINO", [node for node in nodes if operator(node) in unknown]) from error
    openvino.save_model(model, target, compress_to_fp16=half)
    return target
