"""INT8 in LiteRT files, by LiteRT's own quantizer."""

from collections.abc import Sequence
from pathlib import Path

from hone.compress.quantize.calibration import check_rows
from hone.compress.quantize.static import DEFAULT_SAMPLES
from hone.contract.compression import Calibration, Quantize
from hone.device import thread_count
from hone.errors import RunError
from hone.evaluate.classifier import Row

SCHEMES = ("INT8Dynamic", "INT8Static")


class LiteRtInt8:
    """INT8 weights, and activations quantized at each call (INT8Dynamic) or by fixed ranges (INT8Static).

    What goes in and the logits keep their formats.
    """

    def __init__(self, options: Quantize) -> None:
        _check(options)
        self._static = options.scheme == "INT8Static"
        self._per_channel = options.per_channel is not False
        self._embeddings = options.embeddings is not False
        samples = options.calibration.samples if options.calibration is not None else None
        self.calibration_rows = (samples or DEFAULT_SAMPLES) if self._static else 0

    def quantize(self, source: Path, target: Path, calibration: Sequence[Row]) -> list[str]:
        """Read a file in FP32, write the quantized one, and return warnings."""
        # They take seconds to import, and few runs need them.
        from ai_edge_quantizer import qtyping, quantizer, recipe_manager

        from hone.evaluate.litert_classifier import SIGNATURE, signature_inputs

        every, name = ".*", qtyping.TFLOperationName
        granularity = qtyping.QuantGranularity[("CHANNELWISE" if self._per_channel else "TENSORWISE")]
        recipe = recipe_manager.RecipeManager()
        if self._static:
            recipe.add_static_config(every, name.ALL_SUPPORTED, 8, 8, granularity)
        else:
            recipe.add_dynamic_config(every, name.ALL_SUPPORTED, 8, granularity)
        for kind in (name.INPUT, name.OUTPUT, *([] if self._embeddings else [name.EMBEDDING_LOOKUP])):
            recipe.add_quantization_config(every, kind, algorithm_key=recipe_manager.AlgorithmName.NO_QUANTIZE)
        made = quantizer.Quantizer(str(source), recipe.get_quantization_recipe())
        ranges, warnings = None, list[str]()
        if self._static:
            rows = calibration[: self.calibration_rows]
            warnings = check_rows(len(rows), self.calibration_rows)
            threads = thread_count()
            ranges = made.calibrate({SIGNATURE: signature_inputs(source, rows)}, num_threads=threads)
        silent = {"enable_progress_bar": False, "enable_progress_report": False}
        made.quantize(ranges, serialize_to_path=str(target), **silent)
        return warnings


def _check(options: Quantize) -> None:
    """Refuse what LiteRT's quantizer has no counterpart for, by name."""
    calibration = options.calibration or Calibration()
    if options.scheme not in SCHEMES:
        raise RunError(
            "ConfigInvalid",
            f"LiteRT can't run what quantize {options.scheme} makes; write scheme INT8Dynamic, or INT8Static for "
            "images, or write spec.export.onnx.",
        )
    missing = {
        "target: TensorRT": options.target == "TensorRT",
        "smoothQuantAlpha": options.smooth_quant_alpha is not None,
        "sensitivity": options.sensitivity is not None,
        "excludeLayers": bool(options.exclude_layers),
        f"calibration.method {calibration.method}": calibration.method not in (None, "MinMax"),
    }
    for what, asked in missing.items():
        if asked:
            raise RunError(
                "ConfigInvalid",
                f"spec.export.tfLite has no counterpart for quantize.{what}; leave it out, or write spec.export.onnx.",
            )
    if options.calibration is not None and options.scheme == "INT8Dynamic":
        raise RunError("ConfigInvalid", "quantize.calibration means nothing to INT8Dynamic with LiteRT; leave it out.")
