"""Decides by the measured figures alone; the operator's GateDecision does the same and passes the same vectors."""

from dataclasses import dataclass

from hone.contract.compression import Gate, MetricBound
from hone.contract.result import Comparison, Interval


@dataclass(frozen=True)
class Decision:
    """The verdict: the names of the bounds that are not met, and one sentence with the numbers for each bound.

    Bounds that ask for a figure of a device that the run did not have are undecided, which is not accepted either.
    """

    accepted: bool
    unmet: list[str]
    undecided: list[str]
    sentences: list[str]


@dataclass(frozen=True)
class _Check:
    bound: str
    #: None if that can't be told on this device.
    met: bool | None
    sentence: str


def decide(gate: Gate | None, comparison: Comparison) -> Decision:
    """Holds the comparison against the gate's bounds; a bound whose figure was not measured is not met."""
    bounds = gate or Gate()
    checks = [check for check in _Checks(bounds.confidence == "Interval").of(bounds, comparison) if check is not None]
    unmet = [check.bound for check in checks if check.met is False]
    undecided = [check.bound for check in checks if check.met is None]
    return Decision(
        accepted=not unmet and not undecided,
        unmet=unmet,
        undecided=undecided,
        sentences=[check.sentence for check in checks],
    )


class _Checks:
    """The bounds; `by_interval` says that the worse edge of a figure's interval has to keep to them."""

    def __init__(self, by_interval: bool) -> None:
        self._by_interval = by_interval

    def of(self, gate: Gate, comparison: Comparison) -> list[_Check | None]:
        return [
            self._accuracy_drop(gate.max_accuracy_drop, comparison.accuracy_drop),
            self._metric(gate.metric, comparison),
            self._agreement(gate.min_agreement, comparison),
            _size_ratio(gate.max_size_ratio, comparison.size_ratio),
            self._speedup(gate.min_speedup, comparison),
        ]

    def _accuracy_drop(self, bound: float | None, drop: Interval | None) -> _Check | None:
        name = "maxAccuracyDrop"
        if bound is None:
            return None
        if drop is None:
            return _Check(
                name, False, f"{name} is {bound:g} points, but accuracy was not measured: name dataset.evaluation."
            )
        verb = "lost" if drop.value >= 0 else "gained"
        figure = f"accuracy {verb} {abs(drop.value):.2f} points{_range(drop, 'lost: 95% interval')}"
        return self._at_most(name, bound, drop, f"{figure}; {name} allows {bound:g}.")

    def _metric(self, bound: MetricBound | None, comparison: Comparison) -> _Check | None:
        if bound is None:
            return None
        by_ratio = bound.max_ratio is not None
        limit = bound.max_ratio if bound.max_ratio is not None else bound.max_drop or 0.0
        field = "metric.maxRatio" if by_ratio else "metric.maxDrop"
        found = (comparison.metric_ratios if by_ratio else comparison.metric_drops) or {}
        figure = found.get(bound.name)
        if figure is None:
            measured = f"measured were {', '.join(found)}" if found else "nothing was: name dataset.evaluation"
            return _Check("metric", False, f"{field} is {limit:g}, but {bound.name} was not measured; {measured}.")
        if by_ratio:
            told = f"{bound.name} is {figure.value:.4g} times what it was{_range(figure, '95% interval', '.4g')}"
        else:
            verb = "lost" if figure.value >= 0 else "gained"
            told = f"{bound.name} {verb} {abs(figure.value):.4g}{_range(figure, 'lost: 95% interval', '.4g')}"
        return self._at_most("metric", limit, figure, f"{told}; {field} allows {limit:g}.")

    def _speedup(self, bound: float | None, comparison: Comparison) -> _Check | None:
        name, speedup = "minSpeedup", comparison.speedup
        if bound is None:
            return None
        if speedup is None and comparison.speedup_unknown is not None:
            return _Check(name, None, f"{name} is {bound:g}, and the speed is not known: {comparison.speedup_unknown}.")
        if speedup is None:
            return _Check(name, False, f"{name} is {bound:g}, but the speed was not measured.")
        figure = f"it is {speedup.value:.2f} times as fast{_range(speedup, '95% interval')}"
        decisive = speedup.low if self._by_interval else speedup.value
        return self._decided(
            name, decisive, decisive is not None and decisive >= bound, f"{figure}; {name} asks for {bound:g}."
        )

    def _agreement(self, bound: float | None, comparison: Comparison) -> _Check | None:
        name, agreement = "minAgreement", comparison.agreement
        if bound is None:
            return None
        if agreement is None:
            return _Check(name, False, f"{name} is {bound:g}, but agreement was not measured: name dataset.evaluation.")
        told, range_ = f"{agreement:.2%} of the answers are the same", comparison.agreement_interval
        if range_ is None or range_.low is None or range_.high is None:
            # A single row has no interval, and the results of earlier versions had none.
            return _Check(name, agreement >= bound, f"{told}; {name} asks for {bound:g}.")
        sentence = f"{told} (95% interval {range_.low:.2%} to {range_.high:.2%}); {name} asks for {bound:g}."
        decisive = range_.low if self._by_interval else agreement
        return self._decided(name, decisive, decisive >= bound, sentence)

    def _at_most(self, name: str, bound: float, figure: Interval, sentence: str) -> _Check:
        decisive = figure.high if self._by_interval else figure.value
        return self._decided(name, decisive, decisive is not None and decisive <= bound, sentence)

    def _decided(self, name: str, decisive: float | None, met: bool, sentence: str) -> _Check:
        if decisive is None:
            return _Check(name, False, f"{sentence[:-1]}, by its interval, which is not known.")
        return _Check(name, met, f"{sentence[:-1]}, by its interval." if self._by_interval else sentence)


def _size_ratio(bound: float | None, ratio: float | None) -> _Check | None:
    name = "maxSizeRatio"
    if bound is None:
        return None
    if ratio is None:
        return _Check(name, False, f"{name} is {bound:g}, but the size was not measured.")
    return _Check(name, ratio <= bound, f"the size is {ratio:.3f} of what it was; {name} allows {bound:g}.")


def _range(figure: Interval, prefix: str, digits: str = ".2f") -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f" ({prefix} {figure.low:{digits}} to {figure.high:{digits}})"
