import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contract_samples import MODELS, document_of, samples, schemas

SCHEMAS = schemas()


def model_accepts(document: str, data: Any) -> bool:
    try:
        MODELS[document].model_validate_json(json.dumps(data))
    except ValidationError:
        return False
    return True


def test_every_schema_has_its_model_and_samples():
    assert set(SCHEMAS) == set(MODELS)
    assert {document_of(sample) for sample in samples("valid")} == set(MODELS)
    assert len(samples("invalid")) > 10


@pytest.mark.parametrize("sample", samples("valid"), ids=lambda path: path.name)
def test_valid_sample_is_accepted_by_both_and_survives_a_round_trip(sample):
    document = document_of(sample)
    data = json.loads(sample.read_text())
    SCHEMAS[document].validate(data)
    written = json.loads(MODELS[document].model_validate_json(sample.read_text()).to_json())
    SCHEMAS[document].validate(written)
    assert contains(written, data)


@pytest.mark.parametrize("sample", samples("invalid"), ids=lambda path: path.name)
def test_invalid_sample_is_refused_by_both(sample):
    document = document_of(sample)
    data = json.loads(sample.read_text())
    assert not SCHEMAS[document].is_valid(data)
    assert not model_accepts(document, data)


def contains(whole: Any, part: Any) -> bool:
    """Defaults may be written beside what was read; what was read has to be there."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and contains(whole[key], part[key]) for key in part)
    if isinstance(part, list):
        return len(whole) == len(part) and all(contains(one, other) for one, other in zip(whole, part, strict=True))
    if isinstance(part, str) and part.endswith("Z"):
        return whole.removesuffix(".000Z") == part.removesuffix("Z")
    return whole == part


def paths(data: Any, prefix: tuple = ()) -> list[tuple]:
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in members for found in [(*prefix, key), *paths(value, (*prefix, key))]]


JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.floats(-2, 2),
    st.sampled_from(["", "FP16", "sha256:", "Auto", "pvc://c/p", "full", "x" * 600]),
    st.sampled_from([[], {}, ["a"], {"full": {}}, [{}]]),
)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_a_changed_sample_is_judged_alike_by_schema_and_model(data):
    sample = data.draw(st.sampled_from(samples("valid")))
    document = document_of(sample)
    changed = deepcopy(json.loads(sample.read_text()))
    *parents, last = data.draw(
        st.sampled_from([path for path in paths(changed) if path[-1] not in ("time", "createdAt")])
    )
    holder = changed
    for key in parents:
        holder = holder[key]
    match data.draw(st.sampled_from(["replace", "remove", "add"])):
        case "replace":
            holder[last] = data.draw(JSON)
        case "remove":
            del holder[last]
        case "add" if isinstance(holder, dict):
            holder["surprise"] = data.draw(JSON)
    assert model_accepts(document, changed) == SCHEMAS[document].is_valid(changed), changed
