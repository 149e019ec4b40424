"""INT8 weights, and activations that are quantized at each request by their own range."""

from collections.abc import Sequence
from pathlib import Path

from onnxruntime.quantization import QuantType, quantize_dynamic

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

        def write(target: Path, excluded: Sequence[str]) -> None:
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=self.kinds,
                per_channel=self._per_channel,
                weight_type=QuantType.QInt8,
                use_external_data_format=is_large(source),
                # The quantizer turns each Gemm into a MatMul of this name before it looks at the names.
                nodes_to_exclude=[*excluded, *(f"{name}_MatMul" for name in excluded)],
            )

        return write
