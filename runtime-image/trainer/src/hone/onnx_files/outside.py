"""Reads an ONNX file without its weights: each large one is a reference to where it lies, in the file or beside it."""

import mmap
from pathlib import Path

import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, numpy_helper

from hone.onnx_files.wire import Field, fields

#: Bytes of a tensor that is worth a reference; shapes and single numbers are read, for inference looks at them.
LEAST = 1024

_GRAPH = ModelProto.GRAPH_FIELD_NUMBER
_INITIALIZER = onnx.GraphProto.INITIALIZER_FIELD_NUMBER
_RAW_DATA = TensorProto.RAW_DATA_FIELD_NUMBER


def outside(path: Path) -> ModelProto:
    """Return the model; what it is worth to leave on disk it has as ONNX has external data, relative to its folder.

    Raises:
        ValueError: for a file that is none of ONNX's.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        model, graph, tensors = bytearray(), bytearray(), list[TensorProto]()
        for field in fields(data, 0, len(data)):
            if field.number != _GRAPH:
                model += data[field.tag : field.end]
                continue
            for part in fields(data, field.start, field.end):
                if part.number == _INITIALIZER:
                    tensors.append(_tensor(data, part, path.name))
                else:
                    graph += data[part.tag : part.end]
    found = ModelProto.FromString(bytes(model))
    found.graph.MergeFromString(bytes(graph))
    found.graph.initializer.extend(tensors)
    return found


def values(tensor: TensorProto, folder: Path) -> NDArray:  # type: ignore[type-arg]
    """Return a tensor's numbers, read from the folder of its model if they are not in the model itself."""
    found: NDArray = numpy_helper.to_array(tensor, str(folder))  # type: ignore[type-arg]
    return found


def _tensor(data: mmap.mmap, place: Field, name: str) -> TensorProto:
    raw: Field | None = None
    rest = bytearray()
    for field in fields(data, place.start, place.end):
        if field.number == _RAW_DATA and field.end - field.start >= LEAST:
            raw = field
        else:
            rest += data[field.tag : field.end]
    tensor = TensorProto.FromString(bytes(rest))
    if raw is not None:
        refer(tensor, name, raw.start, raw.end - raw.start)
    return tensor


def refer(tensor: TensorProto, location: str, offset: int, length: int) -> None:
    """Say of a tensor without numbers which bytes of which file, beside the model, they are."""
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
