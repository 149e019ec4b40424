"""ONNX files whose weights stay on disk."""

import mmap
import tracemalloc
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.external_data_helper import uses_external_data

from hone.evaluate.size import onnx_bytes
from hone.onnx_files import copy_outside, outside, values, wire, write
from hone.onnx_files.writing import _PIECE

#: Sizes of matrices below and above what stays in the graph.
SIZES = {"small": 8, "large": 40, "embedding": 64}


def made(path: Path, sizes: dict[str, int] = SIZES) -> ModelProto:
    """Write a model of products with square matrices of these sizes, and a few tensors of other kinds."""
    draw = np.random.default_rng(0)
    matrices = {name: draw.normal(size=(size, size)).astype(np.float32) for name, size in sizes.items()}
    nodes = [helper.make_node("MatMul", [f"x_{name}", name], [f"y_{name}"], name) for name in sizes]
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "products",
        [shape(f"x_{name}", TensorProto.FLOAT, ["rows", size]) for name, size in sizes.items()],
        [shape(f"y_{name}", TensorProto.FLOAT, ["rows", size]) for name, size in sizes.items()],
        [
            *(numpy_helper.from_array(matrix, name) for name, matrix in matrices.items()),
            # Numbers in a list of their type instead of bytes.
            helper.make_tensor("listed", TensorProto.FLOAT, [300], draw.normal(size=300)),
            helper.make_tensor("empty", TensorProto.FLOAT, [0], []),
            numpy_helper.from_array(np.arange(999, dtype=np.int64), "whole"),
        ],
        doc_string="kept",
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    helper.set_model_props(model, {"kept": "too"})
    onnx.save(model, path)
    return model


def same(one: ModelProto, other: ModelProto) -> bool:
    """Whether two models are the same."""
    for model in (one, other):
        for tensor in model.graph.initializer:
            # ONNX's reader says where a tensor is even if it is where all are.
            if tensor.data_location == TensorProto.DEFAULT:
                tensor.ClearField("data_location")
    return one.SerializeToString(deterministic=True) == other.SerializeToString(deterministic=True)


def answers(path: Path) -> dict[str, NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_outputs()]
    feeds = {entry.name: np.eye(entry.shape[1], dtype=np.float32) for entry in session.get_inputs()}
    return dict(zip(names, session.run(names, feeds), strict=True))


def test_only_large_tensors_are_left_outside_and_read_from_where_they_lie(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = made(path)
    found = outside(path)
    away = {tensor.name for tensor in found.graph.initializer if uses_external_data(tensor)}
    assert away == {"large", "embedding", "whole"}
    for tensor, expected in zip(found.graph.initializer, model.graph.initializer, strict=True):
        assert np.array_equal(values(tensor, tmp_path), numpy_helper.to_array(expected))
    assert len(found.SerializeToString()) < 0.2 * path.stat().st_size
    # ONNX's own reader finds them as well.
    onnx.save(found, tmp_path / "beside.onnx")
    assert same(onnx.load(tmp_path / "beside.onnx"), model)


def test_what_was_left_outside_is_written_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    model = made(path)
    write(outside(path), tmp_path / "again.onnx", tmp_path)
    assert same(onnx.load(tmp_path / "again.onnx"), model)
    onnx.checker.check_model(tmp_path / "again.onnx", full_check=True)
    folder = tmp_path / "apart"
    folder.mkdir()
    copied = copy_outside(path, folder)
    assert {file.name for file in folder.iterdir()} == {"model.onnx", "model.onnx.data"}
    assert same(onnx.load(copied), model)
    assert onnx_bytes(copied) == sum(file.stat().st_size for file in folder.iterdir())
    assert onnx_bytes(path) == path.stat().st_size
    # And back, from a file that has its weights beside it.
    write(outside(copied), tmp_path / "back.onnx", folder)
    assert (tmp_path / "back.onnx").read_bytes() == (tmp_path / "again.onnx").read_bytes()
    expected = answers(path)
    for file in (tmp_path / "again.onnx", copied):
        assert all(np.array_equal(expected[name], found) for name, found in answers(file).items())


def test_weights_become_another_type_while_they_are_written(tmp_path: Path) -> None:
    path, size = tmp_path / "model.onnx", 2100
    # More than one piece, and the last of them shorter.
    assert size * size * 4 > _PIECE
    weight = numpy_helper.to_array(made(path, {"large": size}).graph.initializer[0])
    for apart in (False, True):
        model = outside(path)
        model.graph.initializer[0].data_type = TensorProto.BFLOAT16
        target = tmp_path / f"{apart}.onnx"
        write(model, target, tmp_path, {"large": lambda piece: piece.astype(ml_dtypes.bfloat16)}, apart=apart)
        found = onnx.load(target).graph.initializer[0]
        assert found.data_type == TensorProto.BFLOAT16
        assert found.raw_data == weight.astype(ml_dtypes.bfloat16).tobytes()
        assert (tmp_path / f"{apart}.onnx.data").exists() == apart


def test_neither_reading_nor_writing_holds_the_weights(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    made(path, dict.fromkeys("abcd", 2500))
    tracemalloc.start()
    write(outside(path), tmp_path / "again.onnx", tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 100_000_000
    assert peak < 2.2 * _PIECE


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    made(path)
    content = path.read_bytes()
    torn = tmp_path / "torn.onnx"
    for length in (5, 300, len(content) // 2, len(content) - 1):
        torn.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"message that it is in|no whole number"):
            outside(torn)
    torn.write_bytes(b"\x07" + content)
    with pytest.raises(ValueError, match="byte 0 begins no field"):
        outside(torn)
    # And one whose weights end too early, in their own file.
    folder = tmp_path / "apart"
    folder.mkdir()
    copied = copy_outside(path, folder)
    beside = folder / "model.onnx.data"
    beside.write_bytes(beside.read_bytes()[:-1])
    with pytest.raises(ValueError, match="ends within the tensor whole"):
        write(outside(copied), tmp_path / "again.onnx", folder)


@given(st.integers(0, 2**63), st.integers(1, 2**28 - 1))
def test_numbers_are_stored_as_protocol_buffers_do(value: int, number: int) -> None:
    with mmap.mmap(-1, 64) as data:
        data.write(wire.varint(number << 3) + wire.varint(value))
        end = data.tell()
        (field,) = wire.fields(data, 0, end)
        assert (field.number, field.tag, field.end) == (number, 0, end)
    dims = TensorProto(dims=[value % 2**63]).SerializeToString()
    assert dims == wire.varint(TensorProto.DIMS_FIELD_NUMBER << 3) + wire.varint(value % 2**63)
