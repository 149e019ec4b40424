"""Takes SmolLM2-135M, a GGUF, through QLoRA on mails as plain text, and compares the perplexity before and after."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import job

NAME = "language"
STEPS = 40
LEARNING_RATE = 5e-4
TRAIN_MAILS = 240
TEST_MAILS = 60


def document(data: Path, steps: int, learning_rate: float) -> dict[str, Any]:
    """Return the job: mails as plain text, their first 64 tokens."""
    return {
        "model": {"uri": f"file://{data}/models/smollm2"},
        "dataset": {
            "train": {"uri": f"file://{data}/data/ham.jsonl"},
            "evaluation": {"uri": f"file://{data}/data/ham-test.jsonl"},
            "columns": {"text": "text"},
        },
        "task": {"type": "CausalLM", "maxLength": 64},
        "method": {"qlora": {"rank": 8, "alpha": 16}},
        "precision": {"mode": "BF16"},
        "training": {"steps": steps, "batchSize": 4, "learningRate": learning_rate, "warmupRatio": 0.1, "seed": 1},
    }


def cut(data: Path) -> None:
    """Keep mails that are no spam, cut to 200 characters: a longer text would be several examples."""
    for source, target, count in (("train", "ham", TRAIN_MAILS), ("test", "ham-test", TEST_MAILS)):
        rows = map(json.loads, (data / "data" / f"{source}.jsonl").read_text(encoding="utf-8").splitlines())
        texts = [row["text"][:200] for row in rows if row["label"] == "ham"][:count]
        lines = [json.dumps({"text": text}) + "\n" for text in texts]
        (data / "data" / f"{target}.jsonl").write_text("".join(lines), encoding="utf-8")


def main() -> int:
    """Measure before and after."""
    parser = job.arguments(__doc__)
    options = parser.parse_args()
    cut(options.data)
    # One step that moves nothing: what is measured after it is the model as it came.
    before = job.run(document(options.data, 1, 1e-12), merge=False).result
    after = job.run(document(options.data, STEPS, LEARNING_RATE), merge=False).result
    perplexities = [found["metrics"]["after"]["metrics"]["perplexity"] for found in (before, after)]
    training = after["training"]
    job.write(
        NAME,
        {
            "steps": STEPS,
            "batchSize": 4,
            "before": perplexities[0],
            "after": perplexities[1],
            "quantizedBase": training["quantizedBase"],
            "trainable": training["trainableParameters"],
            "total": training["totalParameters"],
            "peakMemoryBytes": training["peakMemoryBytes"],
            "device": job.device(training),
        },
    )
    print(f"perplexity {perplexities[0]['value']:.1f} -> {perplexities[1]['value']:.1f}", file=sys.stderr)
    return 0 if perplexities[1]["high"] < perplexities[0]["low"] else 1


if __name__ == "__main__":
    sys.exit(main())
