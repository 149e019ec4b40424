import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract_samples import SAMPLES
from hone.contract import Comparison, Interval
from hone.contract.compression import Gate
from hone.gate import decide

VECTORS = sorted((SAMPLES / "gate").glob("*.json"))


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 8


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_decides_as_the_operator_does(path: Path) -> None:
    vector = json.loads(path.read_text())
    decision = decide(
        Gate.model_validate_json(json.dumps(vector["gate"])),
        Comparison.model_validate_json(json.dumps(vector["comparison"])),
    )
    assert (decision.accepted, decision.unmet) == (vector["accepted"], vector["unmet"])
    assert decision.undecided == vector["undecided"]
    assert len(decision.sentences) == len(vector["gate"].keys() - {"confidence"})


def test_sentences_have_the_numbers() -> None:
    decision = decide(
        Gate(max_accuracy_drop=1.0, max_size_ratio=0.3, min_speedup=1.3),
        Comparison(accuracy_drop=Interval(value=21.3, low=19.0, high=23.5), size_ratio=0.251),
    )
    assert decision.sentences == [
        "accuracy lost 21.30 points (lost: 95% interval 19.00 to 23.50); maxAccuracyDrop allows 1.",
        "the size is 0.251 of what it was; maxSizeRatio allows 0.3.",
        "minSpeedup is 1.3, but the speed was not measured.",
    ]


@given(st.floats(0, 100), st.floats(-100, 100))
def test_a_drop_is_accepted_up_to_the_bound(bound: float, drop: float) -> None:
    decision = decide(Gate(max_accuracy_drop=bound), Comparison(accuracy_drop=Interval(value=drop)))
    assert decision.accepted == (drop <= bound)


def test_the_interval_of_the_agreement_is_said_and_decides_if_it_is_to() -> None:
    comparison = Comparison(agreement=0.99, agreement_interval=Interval(value=0.99, low=0.975, high=1.0))
    by_point = decide(Gate(min_agreement=0.98), comparison)
    by_interval = decide(Gate(min_agreement=0.98, confidence="Interval"), comparison)
    assert (by_point.accepted, by_interval.accepted) == (True, False)
    told = "99.00% of the answers are the same (95% interval 97.50% to 100.00%); minAgreement asks for 0.98"
    assert by_point.sentences == [f"{told}."]
    assert by_interval.sentences == [f"{told}, by its interval."]


def test_an_interval_that_decides_says_so() -> None:
    comparison = Comparison(
        accuracy_drop=Interval(value=0.5, low=-0.2, high=1.2),
        speedup_unknown="the result is for TensorRT",
        agreement=0.98,
    )
    decision = decide(
        Gate(max_accuracy_drop=1.0, min_agreement=0.99, min_speedup=1.3, confidence="Interval"), comparison
    )
    assert (decision.accepted, decision.unmet, decision.undecided) == (
        False, ["maxAccuracyDrop", "minAgreement"], ["minSpeedup"],
    )  # fmt: skip
    assert decision.sentences == [
        "accuracy lost 0.50 points (lost: 95% interval -0.20 to 1.20); maxAccuracyDrop allows 1, by its interval.",
        "98.00% of the answers are the same; minAgreement asks for 0.99.",
        "minSpeedup is 1.3, and the speed is not known: the result is for TensorRT.",
    ]
