"""Where a run is: phases with weights become one percentage of the whole run, with an ETA."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from hone.contract import Phase, PhaseTime, ProgressReport

#: Before this share of a phase is done, its own speed says nothing about the rest.
_ENOUGH = 0.02


class Progress:
    """Tells a listener of each step; never falls, and keeps the seconds of every phase.

    First `plan({"Preparing": 5, "Training": 90, …})`, weights in any unit; then `with phase("Training"):` around the
    work and `update(done / total, step=…)` within it.
    """

    def __init__(
        self, run_hash: str, listener: Callable[[ProgressReport], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._hash = run_hash
        self._listener = listener
        self._clock = clock
        self._weights: dict[Phase, float] = {}
        self._done: float = 0.0
        self._percent = 0.0
        self._phase: Phase | None = None
        self._started = 0.0
        self._part = (0.0, 1.0)
        self.phases: list[PhaseTime] = []

    def plan(self, weights: Mapping[Phase, float]) -> None:
        """Name the phases to come, with their share of the time."""
        self._weights = dict(weights)

    @contextmanager
    def phase(self, name: Phase) -> Iterator[None]:
        """Time the phase and count its weight as done at its end."""
        self._phase, self._started = name, self._clock()
        self.update(0.0)
        try:
            yield
        finally:
            self.phases.append(PhaseTime(name=name, seconds=round(self._clock() - self._started, 3)))
        self.update(1.0)
        self._done += self._weights.get(name, 0.0)
        self._phase = None

    @contextmanager
    def part(self, start: float, end: float) -> Iterator[None]:
        """Let `update` within it speak of a part of what it spoke of before, from one fraction of it to another."""
        before = self._part
        width = before[1] - before[0]
        self._part = (before[0] + width * start, before[0] + width * end)
        try:
            yield
        finally:
            self._part = before

    def update(
        self,
        fraction: float,
        *,
        step: int | None = None,
        total_steps: int | None = None,
        epoch: float | None = None,
        loss: float | None = None,
        message: str | None = None,
    ) -> None:
        """Tell how much of the current phase is done."""
        if self._phase is None:
            raise RuntimeError("update() belongs inside phase()")
        start, end = self._part
        fraction = start + (end - start) * min(max(fraction, 0.0), 1.0)
        total = sum(self._weights.values()) or 1.0
        weight = self._weights.get(self._phase, 0.0)
        self._percent = min(max(self._percent, 100.0 * (self._done + weight * fraction) / total), 100.0)
        self._listener(
            ProgressReport(
                contract_version="v1",
                hash=self._hash,
                phase=self._phase,
                percent=round(self._percent, 2),
                step=step,
                total_steps=total_steps,
                epoch=epoch,
                loss=loss if loss is not None and math.isfinite(loss) else None,
                eta_seconds=self._eta(fraction, weight, total),
                message=message,
                time=datetime.now(UTC),
            )
        )

    def _eta(self, fraction: float, weight: float, total: float) -> float | None:
        if fraction < _ENOUGH or weight <= 0:
            return None
        seconds_per_weight = (self._clock() - self._started) / (weight * fraction)
        return round(max(total - self._done - weight * fraction, 0.0) * seconds_per_weight, 1)
