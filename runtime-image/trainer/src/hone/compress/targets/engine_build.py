"""What an engine is built with: a file beside the typed ONNX file."""

import json
from pathlib import Path

import onnx

from hone.compress.targets.base import opset_of
from hone.contract.training import Task
from hone.store.digest import sha256_file

FILE = "engine-build.json"


def write_options(model: onnx.ModelProto, path: Path, precision: str, max_batch: int, task: Task) -> None:
    """Writes the options beside the model.

    An engine is built for a range of shapes and is quickest at one of them. The range goes from one row of one token to
    the largest batch of the longest rows; the middle of it is what it is tuned for.
    """
    options = {
        "version": 1,
        "model": path.name,
        "modelSha256": sha256_file(path),
        "precision": precision,
        # Number formats come from the file: no flag of the builder changes them.
        "stronglyTyped": True,
        "opset": opset_of(model),
        "profiles": [{entry.name: _shapes(entry, max_batch, task.max_length) for entry in model.graph.input}],
        "outputs": [entry.name for entry in model.graph.output],
    }
    (path.parent / FILE).write_text(json.dumps(options, indent=2) + "\n", encoding="utf-8")


def _shapes(entry: onnx.ValueInfoProto, max_batch: int, max_length: int | None) -> dict[str, object]:
    fixed = [dimension.dim_value for dimension in entry.type.tensor_type.shape.dim]
    largest = [max_batch, *(size or max_length or 1 for size in fixed[1:])]
    return {
        "type": onnx.TensorProto.DataType.Name(entry.type.tensor_type.elem_type),
        "min": [1, *(size or 1 for size in fixed[1:])],
        "opt": [-(-high // 2) if index == 0 or not fixed[index] else high for index, high in enumerate(largest)],
        "max": largest,
    }
