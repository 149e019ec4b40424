"""Opens a model file in the runtime that it was written for."""

from pathlib import Path

from hone.evaluate.classifier import Classifier
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.evaluate.size import onnx_bytes


def open_classifier(path: Path) -> Classifier:
    """Return the model, ready to answer: model.xml in OpenVINO, model.tflite in LiteRT, anything else in ONNX Runtime.

    Importing the others takes a moment, and few runs need them.
    """
    if path.suffix == ".xml":
        from hone.evaluate.openvino_classifier import OpenVinoClassifier

        return OpenVinoClassifier(path)
    if path.suffix == ".tflite":
        from hone.evaluate.litert_classifier import LiteRtClassifier

        return LiteRtClassifier(path)
    return OnnxClassifier(path)


def model_bytes(path: Path) -> int:
    """The size of a model file and of all files that it keeps its weights in."""
    if path.suffix == ".xml":
        return path.stat().st_size + path.with_suffix(".bin").stat().st_size
    return path.stat().st_size if path.suffix == ".tflite" else onnx_bytes(path)
