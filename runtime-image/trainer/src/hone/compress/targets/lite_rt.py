"""A LiteRT file with fixed shapes: model.tflite."""

from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from hone.compress.quantize import Quantizer
from hone.compress.quantize.litert import LiteRtInt8
from hone.compress.subject import Subject
from hone.compress.targets.base import DEFAULT_OPSET, Delivered, Name, Stored
from hone.contract.compression import Quantize, Step, TfLite
from hone.contract.training import Task
from hone.errors import RunError
from hone.evaluate.classifier import Row
from hone.export import ExportedClassifier

DEFAULT_BATCH = 1
#: What a run needs that the trainer's own image has not.
PACKAGES = ("litert_torch", "ai_edge_litert", "ai_edge_quantizer")


class LiteRtFile:
    """The network, converted without ONNX in between, and quantized as a LiteRT file."""

    name: Name = "LiteRT"
    stored: Stored = "LiteRT"
    file = "model.tflite"
    opset = DEFAULT_OPSET
    for_gpu = False

    def __init__(self, options: TfLite) -> None:
        if missing := [name for name in PACKAGES if find_spec(name) is None]:
            raise RunError(
                "Unsupported",
                f"spec.export.tfLite needs LiteRT ({missing[0]}), which this image has not; run it in the image "
                "hone-trainer-litert, which images/build trainer-litert makes.",
            )
        self._batch = options.batch_size or DEFAULT_BATCH
        self._static = False

    def complete(self, steps: Sequence[Step]) -> list[Step]:
        """Adds nothing; refuses what would not be in the file."""
        for step in steps:
            if step.share_weights is not None:
                raise RunError(
                    "ConfigInvalid",
                    "LiteRT's converter writes shared weights out, so shareWeights saves nothing there; take the step "
                    "out, or write spec.export.onnx.",
                )
            if step.quantize is not None:
                LiteRtInt8(step.quantize)
                self._static = step.quantize.scheme == "INT8Static"
        return list(steps)

    def quantizer(self, options: Quantize) -> Quantizer:
        """LiteRT's own."""
        return LiteRtInt8(options)

    def export(self, subject: Subject, rows: Sequence[Row], folder: Path) -> ExportedClassifier:
        """A file in FP32."""
        if self._static and subject.task.type != "ImageClassification":
            raise RunError(
                "ConfigInvalid",
                f"LiteRT's INT8Static rounds attention too, which a {subject.task.type} model loses by; write scheme "
                "INT8Dynamic, which quantizes products alone.",
            )
        return subject.export_litert(rows, folder / self.file, self._batch)

    def baseline(self, exported: Path, folder: Path, batches: Sequence[Row]) -> Path:
        """The untouched model as it was converted."""
        return exported

    def write(self, source: Path, folder: Path, task: Task) -> Delivered:
        """The file as it is."""
        length = f", {task.max_length} tokens each" if task.max_length else ""
        return Delivered(
            source,
            message=f"Written by litert-torch {version('litert-torch')} for a batch of {self._batch}{length}; what is "
            "shorter is padded, with attention_mask 0. Hone's server runs ONNX, so no InferenceDeployment takes this "
            "artifact.",
        )
