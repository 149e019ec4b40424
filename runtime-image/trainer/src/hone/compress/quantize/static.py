"""INT8 weights and activations with fixed ranges, found on calibration rows: Q/DQ pairs in the graph."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from hone.compress.quantize.checker import check
from hone.compress.quantize.layers import excluded_nodes, weightless
from hone.compress.quantize.residuals import restore_residuals
from hone.contract.compression import Calibration, Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row

DEFAULT_SAMPLES = 128
DEFAULT_PERCENTILE = 99.99


class StaticInt8:
    """Quantizes products with weights, and the embeddings; nothing else.

    What is added to the attention scores masks with the smallest number there is. One range for it and for real scores
    would round all of these to zero, so additions stay in floating point, and so do products of two activations, which
    have no weight to save and whose ranges differ from row to row. Both are told by the graph's shape, not by names.
    """

    def __init__(self, options: Quantize) -> None:
        self._options = options
        self._calibration = options.calibration or Calibration()
        if self._calibration.percentile is not None and self._calibration.method != "Percentile":
            raise RunError(
                "ConfigInvalid", "calibration.percentile means nothing without calibration.method Percentile."
            )
        self.calibration_rows = self._calibration.samples or DEFAULT_SAMPLES
        self._tensor_rt = options.target == "TensorRT"
        self._kinds = ["MatMul", "Gemm", *(["Gather"] if options.embeddings is not False else [])]

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Reads a model, calibrates, writes the quantized one and checks its structure."""
        graph = onnx.load(source, load_external_data=False).graph
        excluded = excluded_nodes(graph, self._options.exclude_layers or [], self._kinds)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            raw = Path(folder) / "quantized.onnx"
            quantize_static(
                source,
                raw,
                _Reader(calibration),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=self._kinds,
                nodes_to_exclude=[*excluded, *weightless(graph, "MatMul"), *weightless(graph, "Gemm")],
                per_channel=self._options.per_channel is not False,
                # TensorRT takes symmetric ranges only; processors are three times faster with unsigned ones.
                activation_type=QuantType.QInt8 if self._tensor_rt else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod[self._calibration.method or "MinMax"],
                extra_options={
                    "ActivationSymmetric": self._tensor_rt,
                    "WeightSymmetric": True,
                    "QuantizeBias": False,
                    "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm"],
                    # Row by row: rows differ in length, and no more than one row's activations are held in memory.
                    "CalibStridedMinMax": 1,
                    "CalibPercentile": self._calibration.percentile or DEFAULT_PERCENTILE,
                },
            )
            model = onnx.load(raw)
        restore_residuals(model.graph)
        check(model, symmetric=self._tensor_rt)
        onnx.save(model, target)
        if len(calibration) < self.calibration_rows:
            return [f"Calibrated on {len(calibration)} rows, all there are; {self.calibration_rows} were asked for."]
        return []


class _Reader(CalibrationDataReader):
    def __init__(self, rows: Sequence[Row]) -> None:
        self._all = rows
        self._rows: Iterator[Row] = iter(rows)

    def __len__(self) -> int:
        return len(self._all)

    def set_range(self, start_index: int, end_index: int) -> None:
        """The rows to hand out from now on."""
        self._rows = iter(self._all[start_index:end_index])

    def get_next(self) -> Row | None:
        """One row, or None at the end."""
        return next(self._rows, None)
