"""INT8 weights and activations with fixed ranges, found on calibration rows: Q/DQ pairs in the graph."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data

from hone.compress.quantize.graphs import is_large
from hone.compress.quantize.layerwise import Scheme, Write
from hone.compress.quantize.residuals import restore_residuals
from hone.contract.compression import Calibration, Quantize
from hone.errors import RunError
from hone.evaluate.onnx_classifier import Row
from hone.onnx_files import outside
from hone.onnx_files import write as write_file

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
        self._method = CalibrationMethod[self._calibration.method or "MinMax"]
        self._per_channel = options.per_channel is not False

    def writer(self, source: Path, folder: Path, calibration: Sequence[Row]) -> Write:
        """Ranges are taken by the first result, and kept for all others."""
        ranges, raw = folder / "ranges.json", folder / "quantized.onnx"
        if self.ranges is not None:
            ranges.write_text(json.dumps(self.ranges), encoding="utf-8")

        def write(target: Path, excluded: Sequence[str]) -> None:
            if not ranges.exists():
                self._calibrate(source, folder, calibration, ranges)
            quantize_static(
                source,
                raw,
                None,
                calibration_cache_path=ranges,
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=self.kinds,
                nodes_to_exclude=list(excluded),
                per_channel=self._per_channel,
                # TensorRT takes symmetric ranges only; processors are three times faster with unsigned ones.
                activation_type=QuantType.QInt8 if self.symmetric else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                use_external_data_format=is_large(source),
                calibrate_method=self._method,
                extra_options=self._options(),
            )
            self.ranges = json.loads(ranges.read_bytes())
            model = outside(raw)
            restore_residuals(model.graph)
            write_file(model, target, folder)

        return write

    def _options(self) -> dict[str, object]:
        return {
            "ActivationSymmetric": self.symmetric,
            "WeightSymmetric": True,
            "QuantizeBias": False,
            "OpTypesToExcludeOutputQuantization": ["MatMul", "Gemm", "Conv"],
        }

    def _calibrate(self, source: Path, folder: Path, rows: Sequence[Row], ranges: Path) -> None:
        """Take the ranges and write them down, where the quantizer finds them.

        It could take them itself, but would have read the model before, and so hold it twice.
        """
        calibrator = create_calibrator(
            source,
            self.kinds,
            augmented_model_path=str(folder / "augmented.onnx"),
            calibrate_method=self._method,
            use_external_data_format=True,
            extra_options={"percentile": self._calibration.percentile or DEFAULT_PERCENTILE},
        )
        # Row by row: rows differ in length, and no more than one row's activations are held in memory.
        for index in range(len(rows)):
            calibrator.collect_data(_Reader(rows[index : index + 1]))
        save_tensors_data(calibrator.compute_data(), ranges)


class _Reader(CalibrationDataReader):
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows: Iterator[Row] = iter(rows)

    def get_next(self) -> Row | None:
        """One row, or None at the end."""
        return next(self._rows, None)
