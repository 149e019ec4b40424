"""Quantizes one model by every scheme, each from the same FP32 export, and measures all of them on the same rows."""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
import time
from pathlib import Path
from typing import Any

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


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claim", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--rows", type=int, default=400)
    options = parser.parse_args()
    options.claim = options.claim.resolve()
    os.environ["HONE_PVC_ROOT"] = str(options.claim.parent)
    logging.disable(logging.WARNING)

    from hone.compress.measuring import compare_quality, compare_speed, whole
    from hone.compress.model import load
    from hone.compress.quantize import quantizer_for
    from hone.contract.compression import Quantize
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
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        subject.export(rows, before, 20)
        notes = []
        for title, scheme in SCHEMES:
            start = time.monotonic()
            quantizer = quantizer_for(Quantize.model_validate_json(json.dumps(scheme)))
            notes += [f"{title}: {sentence}" for sentence in quantizer.quantize(before, after, calibration)]
            seconds = time.monotonic() - start
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
