"""The same LoRA training as a bare loop of PyTorch and PEFT would do it: what Hone's overhead is measured against.

Prints the seconds of a step and the peak of the resident memory as JSON. It imports what Hone imports, so that memory
is compared like with like, and it asks PyTorch for algorithms that give the same bits each time, as Hone promises to.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from pathlib import Path

from hone.device import limit_threads, make_deterministic, thread_count

# Threads that wait as Hone's do; OpenMP reads that when PyTorch is loaded.
limit_threads()

import job  # noqa: E402
import torch  # noqa: E402
from peft import LoraConfig, TaskType, get_peft_model  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from transformers import (  # noqa: E402
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    get_linear_schedule_with_warmup,
    set_seed,
)

import hone.finetune  # noqa: E402, F401 - the same imports


def main() -> None:
    """Train and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    options = parser.parse_args()
    torch.set_num_threads(thread_count())
    make_deterministic()
    set_seed(1)
    folder = options.data / "models" / "all-minilm-l6-v2"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    rows = [json.loads(line) for line in (options.data / "data" / "few.jsonl").read_text().splitlines()]
    encoded = tokenizer([row["text"] for row in rows], truncation=True, max_length=job.MAX_LENGTH)
    examples = [
        {**{name: encoded[name][index] for name in encoded}, "labels": int(row["label"] == "spam")}
        for index, row in enumerate(rows)
    ]
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, dtype=torch.float32)
    targets = [n for n, m in model.bert.named_modules() if isinstance(m, torch.nn.Linear)]
    model = get_peft_model(
        model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,
            r=8,
            lora_alpha=16,
            lora_dropout=0.0,
            target_modules=[f"bert.{n}" for n in targets],
            modules_to_save=["classifier"],
        ),
    )
    loader = DataLoader(
        examples, batch_size=job.BATCH_SIZE, shuffle=True, collate_fn=DataCollatorWithPadding(tokenizer)
    )
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=options.learning_rate, weight_decay=0.0, fused=True)
    steps = job.EPOCHS * len(loader)
    schedule = get_linear_schedule_with_warmup(optimizer, int(0.06 * steps), steps)
    model.train()
    started = time.perf_counter()
    for _ in range(job.EPOCHS):
        for batch in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
    seconds = (time.perf_counter() - started) / steps
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"secondsPerStep": seconds, "peakMemoryBytes": peak}))


if __name__ == "__main__":
    main()
