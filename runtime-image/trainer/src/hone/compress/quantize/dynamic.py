"""INT8 weights, and activations that are quantized at each request by their own range."""

from collections.abc import Sequence
from pathlib import Path

from onnxruntime.quantization import QuantType, quantize_dynamic

from hone.compress.quantize.layerwise import Write
from hone.contract.compression import Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row


class DynamicInt8:
    """For processors: needs no calibration."""

    known: Sequence[str] = ("MatMul", "Gemm", "Gather")
    symmetric = False
    calibration_rows = 0

    def __init__(self, options: Quantize) -> None:
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
        self.kinds: Sequence[str] = [kind for kind in self.known if kind != "Gather" or options.embeddings is not False]

    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """There are no ranges to take."""

        def write(target: Path, excluded: Sequence[str]) -> None:
            quantize_dynamic(
                source,
                target,
                op_types_to_quantize=list(self.kinds),
                per_channel=self._per_channel,
                weight_type=QuantType.QInt8,
                # The quantizer turns each Gemm into a MatMul of this name before it looks at the names.
                nodes_to_exclude=[*excluded, *(f"{name}_MatMul" for name in excluded)],
            )

        return write
