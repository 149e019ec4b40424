"""Writes networks as files, and keeps their own answers to compare files with."""

from hone.export.exported import ExportedClassifier
from hone.export.onnx_model import export_classifier, export_image_classifier
from hone.export.parity import Parity, compare, compare_batches, pytorch_logits
from hone.export.samples import Samples

__all__ = [
    "ExportedClassifier",
    "Parity",
    "Samples",
    "compare",
    "compare_batches",
    "export_classifier",
    "export_image_classifier",
    "pytorch_logits",
]
