"""Peak memory of the export and of each quantization, as a multiple of the model's bytes.

Each is done in a process of its own. What the libraries take up is measured before, with a model of one narrow layer
that went through the same step, and does not count: it is the same for every model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

STEPS: dict[str, dict[str, Any] | None] = {
    "export to ONNX": None,
    "FP16": {"scheme": "FP16"},
    "BF16": {"scheme": "BF16"},
    "INT8Dynamic": {"scheme": "INT8Dynamic"},
    "INT8Dynamic, smoothQuantAlpha 0.5": {"scheme": "INT8Dynamic", "smoothQuantAlpha": 0.5},
    "INT8Static": {"scheme": "INT8Static"},
    "INT4WeightOnly": {"scheme": "INT4WeightOnly"},
}
_LENGTH, _ROWS = 64, 128
FIGURES = Path(__file__).parent / "figures" / "memory.json"


def do(name: str, folder: Path) -> None:
    """Carry out one step on the model in a folder, and print the most memory that the process has had."""
    import numpy as np
    import torch
    from transformers import AutoModelForSequenceClassification

    from hone.compress.quantize import quantizer_for
    from hone.contract.compression import Quantize
    from hone.export import export_classifier
    from hone.models import from_pretrained

    torch.set_num_threads(1)
    draw = np.random.default_rng(0)
    rows = [
        {
            "input_ids": draw.integers(1, 500, size=(1, _LENGTH)),
            "attention_mask": np.ones((1, _LENGTH), dtype=np.int64),
        }
        for _ in range(_ROWS)
    ]
    options = STEPS[name]
    if options is None:
        network, _ = from_pretrained(
            AutoModelForSequenceClassification, folder, dtype=torch.float32, attn_implementation="eager"
        )
        export_classifier(network.eval(), rows[:16], folder / "model.onnx", opset=20, pad_id=0)
    else:
        target = folder / "quantized"
        target.mkdir(exist_ok=True)
        quantizer = quantizer_for(Quantize.model_validate_json(json.dumps(options)))
        quantizer.quantize(folder / "model.onnx", target / "model.onnx", rows)
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:")))


def save(folder: Path, **sizes: int) -> int:
    """Write a model with random weights; return its bytes."""
    from transformers import AutoModelForSequenceClassification, BertConfig

    AutoModelForSequenceClassification.from_config(BertConfig(**sizes)).save_pretrained(folder)
    return (folder / "model.safetensors").stat().st_size


def peak(name: str, folder: Path) -> int:
    """Return the bytes that a process takes for a step."""
    command = [sys.executable, __file__, "--step", name, "--folder", str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    return int(done.stdout.split()[-1])


def main() -> None:
    """Measure all steps, or do the one that is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step is not None:
        do(options.step, options.folder)
        return
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name) / "small", Path(name) / "large"
        save(small, vocab_size=512, hidden_size=64, num_hidden_layers=1, num_attention_heads=1, intermediate_size=64)
        size = save(large, num_hidden_layers=options.layers)
        print(f"A BERT of {options.layers} layers, {size / 1e6:.0f} MB in FP32, one thread\n")
        print("| step | peak beyond the libraries' own | times the model's size |")
        print("|---|---|---|")
        found: dict[str, Any] = {"layers": options.layers, "modelBytes": size, "bytes": {}}
        for step in STEPS:
            used = peak(step, large) - peak(step, small)
            found["bytes"][step] = used
            print(f"| {step} | {used / 1e6:.0f} MB | {used / size:.2f} |", flush=True)
    FIGURES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
