from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper, numpy_helper

from hone.contract import Interval
from hone.evaluate.answers import compare, measure
from hone.evaluate.classification import Predictions, paired_drop
from hone.evaluate.latency import Timings, interleaved, speedup, summarize
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.evaluate.size import onnx_bytes

LABELS = 3
ROWS = st.integers(1, 60)
TOPS = ROWS.flatmap(lambda n: st.tuples(*(arrays(np.int64, n, elements=st.integers(0, LABELS - 1)) for _ in range(3))))


def drop_of(before: Predictions, after: Predictions) -> Interval:
    return paired_drop(before.correct, after.correct)


def predictions(top: np.ndarray, truth: np.ndarray) -> Predictions:
    return Predictions(np.eye(LABELS, dtype=np.float32)[top], truth)


def accuracy(model: Predictions) -> float:
    return 100 * float(np.mean(model.correct))


@given(TOPS)
def test_a_model_compared_with_itself_loses_exactly_nothing(rows: tuple[np.ndarray, ...]) -> None:
    model = predictions(rows[0], rows[2])
    drop = drop_of(model, model)
    assert (drop.value, drop.low, drop.high) == (0, 0, 0)
    assert model.agreement(model)(np.ones(model.rows)) == 1


@given(TOPS)
def test_the_drop_is_the_difference_of_the_accuracies_and_turns_round(rows: tuple[np.ndarray, ...]) -> None:
    one, other = predictions(rows[0], rows[2]), predictions(rows[1], rows[2])
    drop, gain = drop_of(one, other), drop_of(other, one)
    assert drop.value == pytest.approx(accuracy(one) - accuracy(other))
    assert (drop.value, drop.low, drop.high) == pytest.approx((-gain.value, -gain.high, -gain.low))
    assert -100 <= drop.low <= drop.value <= drop.high <= 100


def test_the_paired_interval_covers_the_true_difference_95_times_in_100() -> None:
    draw = np.random.default_rng(3)
    rows, tries, truth = 2000, 400, 1.0
    covered = 0
    for _ in range(tries):
        kind = draw.choice(3, size=rows, p=[0.95, 0.03, 0.02])  # both right, only before, only after: 1 point
        zeros = np.zeros(rows, dtype=np.int64)
        drop = drop_of(predictions((kind == 2).astype(int), zeros), predictions((kind == 1).astype(int), zeros))
        covered += drop.low <= truth <= drop.high
    assert 0.92 <= covered / tries <= 0.98


def test_wilson_interval_f1_and_loss_are_the_textbook_ones() -> None:
    truth = np.array([0] * 8 + [1] * 2)
    logits = np.tile(np.array([[2.0, 0.0]], dtype=np.float32), (10, 1))
    measured = measure(Predictions(logits, truth))
    assert measured.accuracy is not None
    assert (measured.accuracy.value, measured.samples) == (80, 10)
    assert measured.accuracy.low == pytest.approx(49.02, abs=0.01)
    assert measured.accuracy.high == pytest.approx(94.33, abs=0.01)
    assert measured.macro_f1 == pytest.approx((2 * 8 / (2 * 8 + 2) + 0) / 2)
    assert measured.loss == pytest.approx(0.8 * np.log1p(np.exp(-2)) + 0.2 * (2 + np.log1p(np.exp(-2))), rel=1e-6)


def test_models_on_other_rows_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same rows"):
        compare(predictions(np.array([0]), np.array([0])), predictions(np.array([0]), np.array([1])))


def test_requests_are_timed_in_turn_each_first_every_other_time() -> None:
    calls: list[str] = []
    timings = interleaved([lambda: calls.append("a")] * 4, [lambda: calls.append("b")] * 4)
    assert "".join(calls[8:]) == "abbaabba"
    assert len(timings.before) == len(timings.after) == 4


def test_speedup_is_the_ratio_of_the_medians_within_its_interval() -> None:
    draw = np.random.default_rng(1)
    before, after = 20 + draw.normal(size=200), 10 + draw.normal(size=200) / 2
    figure = speedup(Timings(before, after))
    assert figure.value == pytest.approx(np.median(before) / np.median(after))
    assert figure.low is not None
    assert figure.high is not None
    assert 1.9 < figure.low <= figure.value <= figure.high < 2.1
    assert speedup(Timings(before, before)).model_dump(exclude_none=True) == {"value": 1, "low": 1, "high": 1}
    latency = summarize(before, threads=1)
    assert (latency.samples, latency.batch_size, latency.threads) == (200, 1, 1)
    assert latency.p99 is not None
    assert latency.p50 < latency.p99


def linear(path: Path, *, external: bool) -> Path:
    weight = numpy_helper.from_array(np.ones((1, 300), dtype=np.float32), "weight")
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
            helper.make_node("ReduceSum", ["ids"], ["sum"]),
            helper.make_node("Mul", ["sum", "weight"], ["logits"]),
        ],
        "linear",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 300])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(model, path, save_as_external_data=external, location="weights.bin", size_threshold=0)
    return path


def test_external_weights_count(tmp_path: Path) -> None:
    (tmp_path / "external").mkdir()
    inside = linear(tmp_path / "inside.onnx", external=False)
    outside = linear(tmp_path / "external/model.onnx", external=True)
    assert onnx_bytes(inside) == inside.stat().st_size
    assert onnx_bytes(outside) == outside.stat().st_size + 1200


@pytest.mark.parametrize("threads", [1, 3])
def test_every_row_gets_its_own_answer_in_order(tmp_path: Path, threads: int) -> None:
    rows = [{"input_ids": np.full((1, 2), number, dtype=np.int64)} for number in range(50)]
    told: list[int] = []
    logits = OnnxClassifier(linear(tmp_path / "model.onnx", external=False)).predict(rows, threads, told.append)
    assert [row[0] for row in logits] == [2 * number for number in range(50)]
    assert told == [16, 32, 48, 50]
