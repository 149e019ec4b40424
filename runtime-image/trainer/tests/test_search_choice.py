"""Which point of a front counts, by the vectors that the operator's tests run too; and what a front is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_samples import load, samples, schemas
from hone.compress.search.choice import choose
from hone.compress.search.front import dominates, front, spread
from hone.contract import SearchPoint
from hone.contract.compression import Gate, Search

SCHEMAS = schemas()
#: Few values, so that there are ties, and the infinity of what was not measured.
COSTS = st.tuples(*[st.one_of(st.integers(0, 4).map(float), st.just(float("inf")))] * 3)


@pytest.mark.parametrize("vector", samples("search"), ids=lambda path: path.stem)
def test_a_choice_is_that_of_the_vector(vector):
    document = json.loads(vector.read_text())
    whole = load("result.search.json")
    whole["search"]["points"] = document["points"]
    SCHEMAS["result"].validate(whole)
    points = [SearchPoint.model_validate_json(json.dumps(point)) for point in document["points"]]
    gate = Gate.model_validate_json(json.dumps(document["gate"])) if "gate" in document else None
    chosen = choose(points, Search.model_validate_json(json.dumps(document["search"])), gate)
    assert (chosen.trial if chosen else None) == document["taken"]


def test_there_are_vectors():
    assert len(samples("search")) >= 10


@given(st.lists(COSTS, max_size=12))
def test_nothing_on_the_front_is_beaten_and_all_else_is(points):
    found = front(points)
    for place, point in enumerate(points):
        beaten = any(dominates(other, point) for other in points)
        assert (place in found) is not beaten
        if beaten:
            # By one of the front at that: the front stands for all that was measured.
            assert any(dominates(points[one], point) for one in found)
    assert bool(found) is bool(points)


@given(st.lists(COSTS, min_size=1, max_size=20), st.integers(3, 20))
def test_a_thinned_front_keeps_the_best_of_each_cost(points, most):
    kept = spread(points, most)
    assert len(kept) == min(len(points), most)
    assert kept == sorted(set(kept))
    for cost in range(3):
        assert min(points[place][cost] for place in kept) == min(point[cost] for point in points)


def test_a_thinned_front_gives_up_the_crowded_points_first():
    points = [(0.0, 9.0, 0.0), (1.0, 8.0, 0.0), (1.1, 7.9, 0.0), (5.0, 4.0, 0.0), (9.0, 1.0, 0.0)]
    assert spread(points, 4) in ([0, 1, 3, 4], [0, 2, 3, 4])
