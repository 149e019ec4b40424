"""Decides by the measured figures alone; the operator's GateDecision does the same and passes the same vectors."""

from collections.abc import Mapping
from dataclasses import dataclass

from hone.contract.compression import Gate, MetricBound
from hone.contract.result import Comparison, Interval


@dataclass(frozen=True)
class Decision:
    """The verdict: the names of the bounds that are not met, and one sentence with the numbers for each bound."""

    accepted: bool
    unmet: list[str]
    sentences: list[str]


@dataclass(frozen=True)
class _Check:
    bound: str
    met: bool
    sentence: str


def decide(gate: Gate | None, comparison: Comparison) -> Decision:
    """Holds the comparison against the gate's bounds; a bound whose figure was not measured is not met."""
    checks = [check for check in _checks(gate or Gate(), comparison) if check is not None]
    unmet = [check.bound for check in checks if not check.met]
    return Decision(accepted=not unmet, unmet=unmet, sentences=[check.sentence for check in checks])


def _checks(gate: Gate, comparison: Comparison) -> list[_Check | None]:
    return [
        _accuracy_drop(gate.max_accuracy_drop, comparison.accuracy_drop),
        _metric(gate.metric, comparison.metric_drops or {}),
        _size_ratio(gate.max_size_ratio, comparison.size_ratio),
        _speedup(gate.min_speedup, comparison.speedup),
    ]


def _accuracy_drop(bound: float | None, drop: Interval | None) -> _Check | None:
    name = "maxAccuracyDrop"
    if bound is None:
        return None
    if drop is None:
        return _Check(
            name, False, f"{name} is {bound:g} points, but accuracy was not measured: name dataset.evaluation."
        )
    verb = "lost" if drop.value >= 0 else "gained"
    figure = f"accuracy {verb} {abs(drop.value):.2f} points{_range(drop, 'lost: 95% interval')}"
    return _Check(name, drop.value <= bound, f"{figure}; {name} allows {bound:g}.")


def _metric(bound: MetricBound | None, drops: Mapping[str, Interval]) -> _Check | None:
    name = "metric"
    if bound is None:
        return None
    drop = drops.get(bound.name)
    if drop is None:
        measured = f"measured were {', '.join(drops)}" if drops else "nothing was: name dataset.evaluation"
        return _Check(
            name, False, f"metric.maxDrop is {bound.max_drop:g}, but {bound.name} was not measured; {measured}."
        )
    verb = "lost" if drop.value >= 0 else "gained"
    figure = f"{bound.name} {verb} {abs(drop.value):.4g}{_range(drop, 'lost: 95% interval', '.4g')}"
    return _Check(name, drop.value <= bound.max_drop, f"{figure}; metric.maxDrop allows {bound.max_drop:g}.")


def _size_ratio(bound: float | None, ratio: float | None) -> _Check | None:
    name = "maxSizeRatio"
    if bound is None:
        return None
    if ratio is None:
        return _Check(name, False, f"{name} is {bound:g}, but the size was not measured.")
    return _Check(name, ratio <= bound, f"the size is {ratio:.3f} of what it was; {name} allows {bound:g}.")


def _speedup(bound: float | None, speedup: Interval | None) -> _Check | None:
    name = "minSpeedup"
    if bound is None:
        return None
    if speedup is None:
        return _Check(name, False, f"{name} is {bound:g}, but the speed was not measured.")
    figure = f"it is {speedup.value:.2f} times as fast{_range(speedup, '95% interval')}"
    return _Check(name, speedup.value >= bound, f"{figure}; {name} asks for {bound:g}.")


def _range(figure: Interval, prefix: str, digits: str = ".2f") -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" ({prefix} {figure.low:{digits}} to {figure.high:{digits}})"
