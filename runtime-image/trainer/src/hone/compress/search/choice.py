"""Which point of the front counts; the operator's SearchChoice does the same and passes the same vectors."""

from collections.abc import Sequence

from hone.compress.search.outcome import loss
from hone.contract import Comparison, SearchPoint
from hone.contract.compression import Gate, Search
from hone.gate import decide


def choose(points: Sequence[SearchPoint], search: Search, gate: Gate | None) -> SearchPoint | None:
    """Return the point that `select` names (None if there is none), or the best of those that the gate lets pass.

    If it lets none pass, the one that misses the fewest bounds is returned, and of several the most accurate.
    """
    if search.select is not None:
        return next((point for point in points if point.trial == search.select), None)
    passing = [point for point in points if misses(point.comparison, gate) == 0]
    if passing:
        return min(passing, key=lambda point: (*_rank(point, search), point.trial))
    return min(points, key=lambda point: (misses(point.comparison, gate), _loss(point), point.trial))


def misses(comparison: Comparison, gate: Gate | None) -> int:
    """Return how many bounds of the gate a result does not meet."""
    decision = decide(gate, comparison)
    return len(decision.unmet) + len(decision.undecided)


def _rank(point: SearchPoint, search: Search) -> tuple[float, ...]:
    size = float(point.after.size_bytes or 0)
    slowness = -point.comparison.speedup.value if point.comparison.speedup is not None else float("inf")
    match search.objective:
        case "Smallest":
            return size, _loss(point), slowness
        case "Fastest":
            return slowness, _loss(point), size
        case "MostAccurate":
            return _loss(point), size, slowness


def _loss(point: SearchPoint) -> float:
    return loss(point.after, point.comparison)
