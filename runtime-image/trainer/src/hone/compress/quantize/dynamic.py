"""INT8 weights, and activations that are quantized at each request by their own range."""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx.external_data_helper import load_external_data_for_tensor, uses_external_data
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.onnx_model import ONNXModel
from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
from onnxruntime.quantization.quant_utils import QuantizationMode, load_model_with_shape_infer

from hone.compress.quantize.graphs import is_large
from hone.compress.quantize.layerwise import Scheme, Write
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row


class DynamicInt8(Scheme):
    """For processors: needs no calibration."""

    def __init__(self, options: Quantize) -> None:
        super().__init__(options)
        if options.target == "TensorRT":
            raise RunError(
                "ConfigInvalid",
                "TensorRT has no dynamic quantization; write scheme INT8Static with target TensorRT, or target CPU.",
            )
        if options.calibration is not None and options.smooth_quant_alpha is None:
            raise RunError(
                "ConfigInvalid",
                "quantize.calibration means nothing to INT8Dynamic without smoothQuantAlpha; leave it out.",
            )
        self._per_channel = options.per_channel is not False

    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """There are no ranges to take."""
        products = _without_gemm(source)

        def write(target: Path, excluded: Sequence[str]) -> None:
            quantizer = _Quantizer(
                load_model_with_shape_infer(products),
                self.kinds,
                # Each Gemm is a MatMul of this name by now.
                [*excluded, *(f"{name}_MatMul" for name in excluded)],
                per_channel=self._per_channel,
            )
            quantizer.quantize_model()
            quantizer.model.save_model_to_file(target, is_large(source))

        return write


class _Quantizer(ONNXQuantizer):
    """What `quantize_dynamic` quantizes with, but for one thing: it holds the model once.

    ONNX Runtime's own copies it and reads it again to learn the shapes behind each replaced Gemm, with the first one
    still at hand. Here these are replaced, and the shapes known, before.
    """

    def __init__(
        self, model: onnx.ModelProto, kinds: Sequence[str], excluded: Sequence[str], *, per_channel: bool
    ) -> None:
        super().__init__(
            model,
            per_channel,
            reduce_range=False,
            mode=QuantizationMode.IntegerOps,
            # Which is what that copy hangs on, and no more until something is quantized.
            static=True,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=None,
            nodes_to_quantize=[],
            nodes_to_exclude=list(excluded),
            op_types_to_quantize=list(kinds),
            extra_options={"MatMulConstBOnly": True},
        )
        self.static = False


def _without_gemm(source: Path) -> Path:
    """Write the model, beside the source, with a MatMul and an Add for each Gemm."""
    model = onnx.load(source, load_external_data=False)
    read = {node.input[1] for node in model.graph.node if node.op_type == "Gemm"}
    for tensor in model.graph.initializer:
        if tensor.name in read and uses_external_data(tensor):
            # It may have to be transposed.
            load_external_data_for_tensor(tensor, str(source.parent))
    ONNXModel(model).replace_gemm_with_matmul()
    target = source.with_name(f"products-{source.name}")
    onnx.save(model, target, save_as_external_data=True, location=f"{target.name}.data")
    return target
