"""INT8 weights and activations with fixed ranges, found on calibration rows: Q/DQ pairs in the graph."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from hone.compress.quantize.graphs import is_large, save
from hone.compress.quantize.layerwise import Scheme, Write
from hone.compress.quantize.residuals import restore_residuals
from hone.contract.compression import Calibration, Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row

DEFAULT_SAMPLES = 128
DEFAULT_PERCENTILE = 99.99


class StaticInt8(Scheme):
    """Quantizes products with weights, convolutions and embeddings; nothing else.

    What is added to the attention scores masks with the smallest number there is. One range for it and for real scores
    would round all of these to zero, so additions stay in floating point, and so do products of two activations, which
    have no weight to save and whose ranges differ from row to row. Both are told by the graph's shape, not by names.
    """

    known = ("MatMul", "Gemm", "Conv", "Gather")

    def __init__(self, options: Quantize, ranges: Mapping[str, Any] | None = None) -> None:
        """Take the options; ranges that were found before, as `ranges` has them, are not looked for again."""
        super().__init__(options)
        #: The range of each tensor, as ONNX Runtime notes them; None until a result was written.
        self.ranges = ranges
        self._calibration = options.calibration or Calibration()
        if self._calibration.percentile is not None and self._calibration.method != "Percentile":
            raise RunError(
                "ConfigInvalid", "calibration.percentile means nothing without calibration.method Percentile."
            )
        self.calibration_rows = self._calibration.samples or DEFAULT_SAMPLES
        self.symmetric = options.target == "TensorRT"
        self._per_channel = options.per_channel is not False

    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """Ranges are taken by the first result, and kept for all others."""
        ranges, raw = folder / "ranges.json", folder / "quantized.onnx"
        if self.ranges is not None:
            ranges.write_text(json.dumps(self.ranges), encoding="utf-8")

        def write(target: Path, excluded: Sequence[str]) -> None:
            quantize_static(
                source,
                raw,
                _Reader(calibration),
                calibration_cache_path=ranges,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=self.kinds,
                nodes_to_exclude=list(excluded),
                per_channel=self._per_channel,
                # TensorRT takes symmetric ranges only; processors are three times faster with unsigned ones.
                activation_type=QuantType.QInt8 if self.symmetric else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                use_external_data_format=is_large(source),
                calibrate_method=CalibrationMethod[self._calibration.method or "MinMax"],
                extra_options=self._options(),
            )
            self.ranges = json.loads(ranges.read_bytes())
            model = onnx.load(raw)
            restore_residuals(model.graph)
            save(model, target)

        return write

    def _options(self) -> dict[str, object]:
        return {
            "ActivationSymmetric": self.symmetric,
            "WeightSymmetric": True,
            "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm", "Conv"],
            # Row by row: rows differ in length, and no more than one row's activations are held in memory.
            "CalibStridedMinMax": 1,
            "CalibPercentile": self._calibration.percentile or DEFAULT_PERCENTILE,
        }


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
