"""Writes an ONNX file, one tensor after the other."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, TensorProto, helper
from onnx.external_data_helper import ExternalDataInfo, uses_external_data

from hone.onnx_files.outside import LEAST, outside, refer
from hone.onnx_files.wire import head

#: Protocol buffers end at 2 GiB; from here on an ONNX file's weights go into a file of their own.
EXTERNAL_FROM = 1_800_000_000

#: FP32 numbers as a tensor has them to numbers of its new type; number by number, for it gets them in pieces.
Convert = Callable[[NDArray[np.float32]], NDArray[Any]]

#: Bytes that are read at once; whole numbers of any type.
_PIECE = 1 << 24
#: Where ONNX recommends that tensors begin, so that they can be mapped.
_ALIGNED = 4096

_GRAPH = ModelProto.GRAPH_FIELD_NUMBER
_INITIALIZER = GraphProto.INITIALIZER_FIELD_NUMBER
_RAW_DATA = TensorProto.RAW_DATA_FIELD_NUMBER


def write(
    model: ModelProto,
    path: Path,
    folder: Path,
    converted: Mapping[str, Convert] | None = None,
    *,
    apart: bool | None = None,
) -> None:
    """Write a model whose tensors may lie outside of it, and forget them there.

    Args:
        model: its tensors are in it, or refer to files; it is not usable any longer.
        path: the file to write; what does not fit into one, or is wanted `apart`, goes into `<path>.data`.
        folder: what the references are relative to.
        converted: by the names of tensors that refer to FP32 numbers and are of another type now: how these are made.
        apart: whether weights go into a file of their own; None decides by their size.

    Raises:
        OSError: if the disk is full.
    """
    stored = [_Stored(tensor, folder, (converted or {}).get(tensor.name)) for tensor in model.graph.initializer]
    del model.graph.initializer[:]
    if sum(one.length for one in stored) > EXTERNAL_FROM if apart is None else apart:
        _write_apart(model, stored, path)
    else:
        _write_whole(model, stored, path)


def copy_outside(source: Path, folder: Path) -> Path:
    """Copy a model into a folder, with the weights in a file of their own, and return its path.

    ONNX Runtime maps such a file, and its quantizers read it tensor by tensor, where they parse a whole file at once.
    """
    target = folder / source.name
    write(outside(source), target, source.parent, apart=True)
    return target


class _Stored:
    """A tensor without its numbers, and where these come from."""

    def __init__(self, tensor: TensorProto, folder: Path, convert: Convert | None) -> None:
        self.head = TensorProto()
        self._convert = convert
        self._file: Path | None = None
        self._inside: TensorProto | None = None
        if uses_external_data(tensor):
            info = ExternalDataInfo(tensor)
            self._file, self._offset = folder / info.location, info.offset or 0
            self._read = info.length if info.length is not None else self._file.stat().st_size - self._offset
            self.head.CopyFrom(tensor)
            self.head.ClearField("external_data")
            self.head.ClearField("data_location")
        elif tensor.HasField("raw_data"):
            self._inside, self._read = tensor, len(tensor.raw_data)
            self.head = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
            self.head.metadata_props.extend(tensor.metadata_props)
        else:
            # Numbers in lists of their own type, which only small tensors have: they are written with the rest.
            self._read = 0
            self.head.CopyFrom(tensor)
        self.raw = self._file is not None or self._inside is not None
        size = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        self.length = self._read if convert is None else self._read // 4 * size

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the numbers."""
        if self._inside is not None:
            yield self._inside.raw_data
        elif self._file is not None:
            with self._file.open("rb") as file:
                yield from self._pieces_of(file)

    def _pieces_of(self, file: BinaryIO) -> Iterator[bytes]:
        file.seek(self._offset)
        left = self._read
        while left:
            piece = file.read(min(left, _PIECE))
            if not piece:
                raise ValueError(f"{file.name} ends within the tensor {self.head.name}")
            left -= len(piece)
            yield piece if self._convert is None else self._convert(np.frombuffer(piece, np.float32)).tobytes()


def _write_whole(model: ModelProto, stored: list[_Stored], path: Path) -> None:
    graph = model.graph.SerializeToString()
    model.ClearField("graph")
    tensors = []
    for one in stored:
        start = one.head.SerializeToString() + (head(_RAW_DATA, one.length) if one.raw else b"")
        tensors.append(head(_INITIALIZER, len(start) + one.length) + start)
    length = len(graph) + sum(len(start) + one.length for start, one in zip(tensors, stored, strict=True))
    with path.open("wb") as file:
        file.write(model.SerializeToString() + head(_GRAPH, length) + graph)
        for start, one in zip(tensors, stored, strict=True):
            file.write(start)
            file.writelines(one.pieces())


def _write_apart(model: ModelProto, stored: list[_Stored], path: Path) -> None:
    beside = path.with_name(f"{path.name}.data")
    with ExitStack() as stack:
        file: BinaryIO | None = None
        for one in stored:
            if one.length < LEAST:
                if one.raw:
                    one.head.raw_data = b"".join(one.pieces())
            else:
                file = file or stack.enter_context(beside.open("wb"))
                file.seek(-(-file.tell() // _ALIGNED) * _ALIGNED)
                refer(one.head, beside.name, file.tell(), one.length)
                file.writelines(one.pieces())
    model.graph.initializer.extend(one.head for one in stored)
    path.write_bytes(model.SerializeToString())
