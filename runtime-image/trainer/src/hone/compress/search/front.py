"""The Pareto front: the points that no other point beats in everything."""

from collections.abc import Sequence

#: What is to be small of a point, always the same things in the same order.
Costs = Sequence[float]


def dominates(one: Costs, other: Costs) -> bool:
    """Tell whether one point is nowhere worse than another and somewhere better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and any(a < b for a, b in zip(one, other, strict=True))


def front(points: Sequence[Costs]) -> list[int]:
    """Return the places of the points that none of the others dominates, in their order."""
    return [place for place, point in enumerate(points) if not any(dominates(other, point) for other in points)]


def spread(points: Sequence[Costs], most: int) -> list[int]:
    """Return the places of at most so many points that stand for all of them.

    The best of each cost stay; the others go one after the other, always the one in the densest neighborhood, by the
    crowding distance of NSGA-II (Deb et al., 2002).
    """
    kept = list(range(len(points)))
    while len(kept) > most:
        distances = _crowding([points[place] for place in kept])
        kept.pop(min(range(len(kept)), key=lambda index: distances[index]))
    return kept


def _crowding(points: Sequence[Costs]) -> list[float]:
    distances = [0.0] * len(points)
    for cost in range(len(points[0])):
        order = sorted(range(len(points)), key=lambda place: points[place][cost])
        lowest, highest = points[order[0]][cost], points[order[-1]][cost]
        distances[order[0]] = float("inf")
        width = highest - lowest
        if not 0 < width < float("inf"):
            continue
        for before, place, behind in zip(order, order[1:], order[2:], strict=False):
            distances[place] += (points[behind][cost] - points[before][cost]) / width
    return distances
