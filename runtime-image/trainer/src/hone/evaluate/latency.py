"""How long one request takes, and how much faster one model is than another."""

import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

from hone.contract.result import Interval, Latency
from hone.evaluate.intervals import CONFIDENCE

#: A request, as far as timing is concerned: call it and it is answered.
Request = Callable[[], object]

SEED = 0
RESAMPLES = 2000
WARM_UP = 10


@dataclass(frozen=True)
class Timings:
    """Milliseconds of the same requests to both models, pair by pair."""

    before: NDArray[np.float64]
    after: NDArray[np.float64]


def interleaved(
    before: Sequence[Request], after: Sequence[Request], progress: Callable[[int], None] = lambda _: None
) -> Timings:
    """Times both models' requests in turn.

    Each pair is timed back to back, and every other pair the other way round: whatever else the machine does meets both
    models alike, and neither always finds the caches as the other left them.
    """
    if len(before) != len(after) or not before:
        raise ValueError(f"{len(before)} and {len(after)} requests can't be compared")
    for index in range(min(WARM_UP, len(before))):
        before[index]()
        after[index]()
    millis = np.empty((2, len(before)))
    for index, pair in enumerate(zip(before, after, strict=True)):
        for which in (0, 1) if index % 2 == 0 else (1, 0):
            start = time.perf_counter_ns()
            pair[which]()
            millis[which, index] = (time.perf_counter_ns() - start) / 1e6
        progress(index + 1)
    return Timings(before=millis[0], after=millis[1])


def summarize(millis: NDArray[np.float64], *, threads: int, batch: int = 1) -> Latency:
    """Median and 99th percentile of requests with so many rows each."""
    return Latency(
        p50=float(np.median(millis)),
        p99=float(np.percentile(millis, 99)),
        batch_size=batch,
        threads=threads,
        samples=len(millis),
        device=device_name(),
    )


def speedup(timings: Timings) -> Interval:
    """The ratio of the medians, before to after, with a bootstrap interval over the pairs."""
    value = _ratio(timings.before, timings.after)
    if len(timings.before) < 2:
        return Interval(value=float(value))
    interval = bootstrap(
        (timings.before, timings.after),
        _ratio,
        n_resamples=RESAMPLES,
        paired=True,
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Interval(value=float(value), low=float(interval.low), high=float(interval.high))


def _ratio(before: NDArray[np.float64], after: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    return np.asarray(np.median(before, axis=axis) / np.median(after, axis=axis), dtype=np.float64)


def device_name() -> str:
    """What the requests ran on."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return (names[0] if names else platform.machine() or "cpu")[:128]
