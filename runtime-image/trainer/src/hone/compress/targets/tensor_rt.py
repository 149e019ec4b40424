"""A typed ONNX file for TensorRT, and what an engine is built of it with.

From version 11 on TensorRT takes every tensor's number format from the file. So the file is the compressed model, and
an engine only a product of it for one GPU and one version. No engine is built here.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import onnx

from hone.compress.quantize.checker import check
from hone.compress.targets.base import Delivered, FromOnnx, Name, Stored, name_places, opset_of, unknown_operators
from hone.compress.targets.engine_build import FILE, write_options
from hone.compress.targets.operators import unknown_to_tensor_rt, untyped_products
from hone.contract.compression import Quantize, Step, TensorRT
from hone.contract.training import Task
from hone.errors import RunError
from hone.evaluate.classifier import Row
from hone.onnx_files import outside

DEFAULT_BATCH = 8
Precision = Literal["FP32", "FP16", "BF16", "INT8"]
#: What the quantization schemes make that TensorRT can run.
_MADE: dict[str, Precision] = {"INT8Static": "INT8", "INT8QAT": "INT8", "FP16": "FP16", "BF16": "BF16"}
_TYPE = {"FP32": onnx.TensorProto.FLOAT, "FP16": onnx.TensorProto.FLOAT16, "BF16": onnx.TensorProto.BFLOAT16}


class TypedOnnx(FromOnnx):
    """The ONNX file in the precision asked for, checked for what TensorRT's parser refuses."""

    name: Name = "TensorRT"
    stored: Stored = "ONNX"
    for_gpu = True

    def __init__(self, options: TensorRT) -> None:
        self._asked = options.precision
        self._precision: Precision = options.precision or "FP16"
        self._batch = options.max_batch_size or DEFAULT_BATCH

    def complete(self, steps: Sequence[Step]) -> list[Step]:
        """Adds the step that types the graph, where no step of the user's does."""
        quantize = next((step.quantize for step in steps if step.quantize is not None), None)
        if quantize is None:
            return self._typed(steps)
        scheme = quantize.scheme
        made = _MADE.get(scheme)
        if made is None:
            raise RunError(
                "ConfigInvalid",
                f"TensorRT can't run what quantize {scheme} makes; write scheme INT8Static with target: TensorRT.",
            )
        if made == "INT8" and quantize.target != "TensorRT":
            raise RunError(
                "ConfigInvalid",
                "spec.export.tensorRT needs symmetric INT8; write target: TensorRT in the quantize step.",
            )
        if self._asked is not None and made != self._asked:
            raise RunError(
                "ConfigInvalid",
                f"spec.export.tensorRT.precision is {self._asked}, and the quantize step makes {made}; write "
                f"precision: {made}, or take the step out.",
            )
        self._precision = made
        return list(steps)

    def _typed(self, steps: Sequence[Step]) -> list[Step]:
        if self._precision == "INT8":
            raise RunError(
                "ConfigInvalid",
                "spec.export.tensorRT.precision INT8 needs ranges; write the step quantize with scheme INT8Static and "
                "target: TensorRT.",
            )
        if self._precision == "FP32":
            return list(steps)
        return [*steps, Step(quantize=Quantize(scheme=self._precision, target="TensorRT"))]

    def baseline(self, exported: Path, folder: Path, batches: Sequence[Row]) -> Path:
        """The exported file: ONNX Runtime stands in for TensorRT."""
        return exported

    def write(self, source: Path, folder: Path, task: Task) -> Delivered:
        """Checks the file and writes the options beside it."""
        model = outside(source)
        if unknown := unknown_to_tensor_rt(model.graph):
            raise unknown_operators("TensorRT", unknown)
        warnings = []
        if self._precision == "INT8":
            check(model, symmetric=True, folder=source.parent)
        elif others := untyped_products(model, _TYPE[self._precision]):
            warnings.append(f"{len(others)} products are not in {self._precision}: {name_places(others)}.")
        write_options(model, source, self._precision, self._batch, task)
        message = (
            f"No engine was built here: {FILE} in the artifact has the shapes and options that one is built with, on "
            f"the GPU that serves it, of the {self._precision} graph."
        )
        return Delivered(source, opset_of(model), message, warnings)
