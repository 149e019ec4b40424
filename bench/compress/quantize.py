"""Quantizes one model by every scheme, each from the same FP32 export, and measures all of them on the same rows.

With --litert it writes LiteRT files instead, and holds them against the same ONNX file.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hone.compress.subject import Subject
    from hone.evaluate.classifier import Row

SCHEMES: list[tuple[str, dict[str, Any]]] = [
    ("FP16", {"scheme": "FP16"}),
    ("BF16", {"scheme": "BF16"}),
    ("INT8Dynamic", {"scheme": "INT8Dynamic"}),
    ("INT8Dynamic, smoothQuantAlpha 0.5", {"scheme": "INT8Dynamic", "smoothQuantAlpha": 0.5}),
    ("INT8Static", {"scheme": "INT8Static"}),
    ("INT8Static, smoothQuantAlpha 0.5", {"scheme": "INT8Static", "smoothQuantAlpha": 0.5}),
    ("INT8Static, Entropy", {"scheme": "INT8Static", "calibration": {"method": "Entropy"}}),
    ("INT8Static, target TensorRT", {"scheme": "INT8Static", "target": "TensorRT"}),
    ("INT4WeightOnly", {"scheme": "INT4WeightOnly"}),
    ("INT4WeightOnly, embeddingBits 4", {"scheme": "INT4WeightOnly", "embeddingBits": 4}),
]

#: What LiteRT's quantizer has for texts; None is the file as it was converted.
LITERT: list[tuple[str, dict[str, Any] | None]] = [
    ("LiteRT, FP32", None),
    ("LiteRT, INT8Dynamic", {"scheme": "INT8Dynamic"}),
]


def job(options: argparse.Namespace) -> Any:  # noqa: ANN401 - hone is imported late
    """Return a CompressionJob that names the model and the data."""
    from hone.contract import JobConfig

    claim = f"pvc://{options.claim.name}"
    document = {
        "contractVersion": "v1",
        "kind": "CompressionJob",
        "namespace": "default",
        "name": "bench",
        "hash": "bench",
        "model": {"uri": f"{claim}/{options.model}"},
        "dataset": {
            "evaluation": {"uri": f"{claim}/data/test.jsonl"},
            "calibration": {"uri": f"{claim}/data/train.jsonl"},
            "columns": {"text": "text", "label": "label"},
            "maxRows": options.rows,
        },
        "export": {"onnx": {}},
        "output": {"uri": f"{claim}/unused"},
    }
    return JobConfig.model_validate_json(json.dumps(document))


def onnx_files(
    _: Subject, before: Path, __: Sequence[Row], calibration: Sequence[Row], notes: list[str]
) -> Iterator[tuple[str, Path, float]]:
    """Yield a file of each scheme, one over the other, and how long it took."""
    from hone.compress.quantize import quantizer_for
    from hone.contract.compression import Quantize

    after = before.with_name("after.onnx")
    for title, scheme in SCHEMES:
        start = time.monotonic()
        quantizer = quantizer_for(Quantize.model_validate_json(json.dumps(scheme)))
        notes += [f"{title}: {sentence}" for sentence in quantizer.quantize(before, after, calibration)]
        yield title, after, time.monotonic() - start


def litert_files(
    subject: Subject, before: Path, rows: Sequence[Row], calibration: Sequence[Row], notes: list[str]
) -> Iterator[tuple[str, Path, float]]:
    """Yield the converted file, for one row a call, and a quantized one of it."""
    from hone.compress.quantize.litert import LiteRtInt8
    from hone.contract.compression import Quantize

    start, whole_file = time.monotonic(), before.with_name("whole.tflite")
    subject.export_litert(rows, whole_file, 1)
    for title, scheme in LITERT:
        path = whole_file
        if scheme is not None:
            start, path = time.monotonic(), before.with_name("quantized.tflite")
            quantizer = LiteRtInt8(Quantize.model_validate_json(json.dumps(scheme)))
            notes += [f"{title}: {sentence}" for sentence in quantizer.quantize(whole_file, path, calibration)]
        yield title, path, time.monotonic() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claim", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--litert", action="store_true")
    options = parser.parse_args()
    options.claim = options.claim.resolve()
    os.environ["HONE_PVC_ROOT"] = str(options.claim.parent)
    logging.disable(logging.WARNING)

    from hone.compress.measuring import compare_quality, compare_speed, whole
    from hone.compress.model import load
    from hone.device import thread_count
    from hone.store import Store

    config = job(options)
    store = Store.of(config)
    subject = load(config, store.model(config.model))
    rows, truth = subject.read_labelled(store.data(config.dataset.evaluation), config.dataset.evaluation)
    calibration = subject.read_inputs(store.data(config.dataset.calibration), config.dataset.calibration, 128)
    print("| scheme | accuracy | same answers | size | of FP32 | p50 | speedup | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before.onnx"
        subject.export(rows, before, 20)
        notes: list[str] = []
        written = litert_files if options.litert else onnx_files
        for title, after, seconds in written(subject, before, rows, calibration, notes):
            quality = compare_quality(
                before,
                after,
                rows,
                subject.keep(truth),
                lambda kept: subject.answers(kept, truth),
                thread_count(),
                lambda _: None,
            )
            found = whole(quality, compare_speed(before, after, rows, lambda _: None), before, after)
            one, other, comparison = found.before, found.after, found.comparison
            print(
                f"| {title} | {one.accuracy.value:.2f} → {other.accuracy.value:.2f} | {comparison.agreement:.2%} "
                f"| {other.size_bytes / 1e6:.1f} MB | {comparison.size_ratio:.3f} "
                f"| {one.latency_millis.p50:.1f} → {other.latency_millis.p50:.1f} ms | {comparison.speedup.value:.2f} "
                f"| {seconds:.0f} |",
                flush=True,
            )
    print("", *notes, sep="\n")


if __name__ == "__main__":
    main()
