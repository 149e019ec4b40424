"""Writes models in the formats that are served."""

from hone.export.formats import check_format, opset_of
from hone.export.onnx_model import ExportedClassifier, export_classifier, export_image_classifier
from hone.export.parity import Parity, compare

__all__ = [
    "ExportedClassifier",
    "Parity",
    "check_format",
    "compare",
    "export_classifier",
    "export_image_classifier",
    "opset_of",
]
