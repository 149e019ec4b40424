"""Both models, before and after, on the same rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hone.contract import Comparison, Interval, Latency, Measurement, Metrics
from hone.evaluate.answers import Answers, compare, measure
from hone.evaluate.classifier import Keep, Row
from hone.evaluate.latency import interleaved, speedup, summarize
from hone.evaluate.opening import model_bytes, open_classifier

#: How many requests of each model are timed.
LATENCY_ROWS = 200
THREADS = 1


@dataclass(frozen=True)
class Quality:
    """How often both models are right, and how their answers differ."""

    before: Measurement = field(default_factory=Measurement)
    after: Measurement = field(default_factory=Measurement)
    comparison: Comparison = field(default_factory=Comparison)


@dataclass(frozen=True)
class Speed:
    """How long both models take for the same requests."""

    before: Latency
    after: Latency
    speedup: Interval


def compare_quality(
    before: Path,
    after: Path,
    rows: Sequence[Row],
    keep: Keep,
    answers: Callable[[list[Any]], Answers],
    threads: int,
    tell: Callable[[int], None],
) -> Quality:
    """Measures both models.

    Args:
        before: the model as it was exported.
        after: the compressed one, or the same file.
        rows: the evaluation data.
        keep: what is kept of the logits of each row.
        answers: puts the truth beside what was kept of the rows.
        threads: how many rows are answered at the same time.
        tell: hears how many of the answers, two for each row, are there.
    """
    first = answers(open_classifier(before).predict(rows, threads, tell, keep))
    second = first
    if after != before:
        second = answers(open_classifier(after).predict(rows, threads, lambda done: tell(len(rows) + done), keep))
    return Quality(measure(first), measure(second), compare(first, second))


def compare_speed(before: Path, after: Path, rows: Sequence[Row], tell: Callable[[float], None]) -> Speed:
    """Times both models, one request and one thread at a time, on rows spread over the whole data set."""
    chosen = [rows[index] for index in spread(len(rows), LATENCY_ROWS)]
    one, other = open_classifier(before), open_classifier(after)
    timings = interleaved(
        [one.request(row) for row in chosen],
        [other.request(row) for row in chosen],
        lambda done: tell(done / len(chosen)),
    )
    return Speed(
        summarize(timings.before, threads=THREADS, batch=one.batch),
        summarize(timings.after, threads=THREADS, batch=other.batch),
        speedup(timings),
    )


def whole(quality: Quality, speed: Speed | None, before: Path, after: Path, unknown: str | None = None) -> Metrics:
    """Everything that was measured, sizes included; `unknown` says why there is no speed that counts."""
    sizes = model_bytes(before), model_bytes(after)
    latencies = (speed.before, speed.after) if speed else (None, None)
    one, other = (
        measured.model_copy(update={"size_bytes": size, "latency_millis": latency})
        for measured, size, latency in zip((quality.before, quality.after), sizes, latencies, strict=True)
    )
    comparison = quality.comparison.model_copy(
        update={
            "size_ratio": sizes[1] / sizes[0],
            "speedup": speed.speedup if speed else None,
            "speedup_unknown": unknown,
        }
    )
    return Metrics(before=one, after=other, comparison=comparison)


def spread(total: int, wanted: int) -> NDArray[np.int64]:
    """Return at most so many places, evenly spread over all."""
    return np.unique(np.linspace(0, total - 1, num=min(total, wanted)).round().astype(np.int64))
