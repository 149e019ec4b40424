"""What the formats have in common."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import onnx

from hone.compress.quantize import Quantizer, quantizer_for
from hone.compress.quantize.layers import layer_of
from hone.compress.subject import Subject
from hone.contract.compression import Quantize, Step
from hone.contract.training import Task
from hone.errors import RunError, some_of
from hone.evaluate.classifier import Row
from hone.export import ExportedClassifier

#: What torch.onnx's own operator library is written for; other versions go through ONNX's converter.
DEFAULT_OPSET = 20
_SHOWN = 3

Name = Literal["ONNX", "TensorRT", "OpenVINO", "LiteRT"]
Stored = Literal["ONNX", "OpenVINO", "LiteRT"]


@dataclass(frozen=True)
class Delivered:
    """The model file as it goes into the artifact, with everything in its folder."""

    path: Path
    #: Of an ONNX file.
    opset: int | None = None
    message: str | None = None
    warnings: list[str] = field(default_factory=list)


class Target(Protocol):
    """One format with its options, checked."""

    #: As the status names it.
    name: Name
    #: As the manifest names what lies in the artifact.
    stored: Stored
    #: The name of the file that is delivered.
    file: str
    #: Of the ONNX file that ranges are looked for in.
    opset: int
    #: Whether another class of device than this one runs the result.
    for_gpu: bool

    def complete(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps with those that the format itself needs; refuse steps whose result it can't hold."""

    def quantizer(self, options: Quantize) -> Quantizer:
        """Return what quantizes the file that `export` writes."""

    def export(self, subject: Subject, rows: Sequence[Row], folder: Path) -> ExportedClassifier:
        """Write the network into the folder, as the file that steps on files begin with, compared on the rows."""

    def baseline(self, exported: Path, folder: Path, batches: Sequence[Row]) -> Path:
        """Return the untouched model in this format's runtime, to compare with: `exported` as it is, or converted."""

    def write(self, source: Path, folder: Path, task: Task) -> Delivered:
        """Write what the steps on files left, `source`, in this format: into the empty `folder` or beside it."""


class FromOnnx:
    """What the formats have in common that are made from an ONNX file."""

    file = "model.onnx"
    opset = DEFAULT_OPSET

    def quantizer(self, options: Quantize) -> Quantizer:
        """One for ONNX files."""
        return quantizer_for(options)

    def export(self, subject: Subject, rows: Sequence[Row], folder: Path) -> ExportedClassifier:
        """An ONNX file."""
        return subject.export(rows, folder / "model.onnx", self.opset)


def opset_of(graph: onnx.ModelProto) -> int:
    """Return the version of ONNX's own operators in a file."""
    return next(int(entry.version) for entry in graph.opset_import if entry.domain in ("", "ai.onnx"))


def name_places(nodes: Iterable[onnx.NodeProto]) -> str:
    """Say which operators these are and which layers use them: "com.microsoft.Foo in encoder.layer.0 (node_3)"."""
    named = [
        f"{operator(node)} in {layer} ({node.name})" if (layer := layer_of(node)) else f"{operator(node)} ({node.name})"
        for node in nodes
    ]
    return some_of(named, _SHOWN)


def operator(node: onnx.NodeProto) -> str:
    """Name an operator with its domain, which ONNX's own have not."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def unknown_operators(target: str, nodes: Iterable[onnx.NodeProto]) -> RunError:
    """Return the refusal of a graph with operators that the format does not know."""
    return RunError(
        "Unsupported",
        f"{target} does not know {name_places(nodes)}; take the step out that brings the operator in, name the layer "
        "in its excludeLayers, or write spec.export.onnx.",
    )
