"""The figures of each task, held against scikit-learn, SciPy and known results."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    log_loss,
    mean_absolute_error,
    mean_squared_error,
    precision_score,
    r2_score,
)

from hone.evaluate.answers import Answers, compare, measure
from hone.evaluate.classification import Predictions
from hone.evaluate.intervals import bootstrap
from hone.evaluate.multi_label import LabelSets
from hone.evaluate.regression import Estimates
from hone.evaluate.tokens import TaggedWords, entities, is_bio

NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def classes(rows: int = 200, noise: float = 1.0) -> Predictions:
    draw = np.random.default_rng(1)
    truth = draw.choice(4, rows, p=[0.6, 0.3, 0.1, 0.0])
    logits = 2 * np.eye(4)[truth] + noise * draw.normal(size=(rows, 4))
    return Predictions(logits.astype(np.float32), truth)


def sets(rows: int = 200, noise: float = 1.0) -> LabelSets:
    draw = np.random.default_rng(2)
    truth = (draw.random((rows, 3)) < [0.5, 0.2, 0.05]).astype(np.int64)
    return LabelSets((2.0 * truth - 1 + noise * draw.normal(size=truth.shape)).astype(np.float32), truth)


def numbers(rows: int = 200, noise: float = 0.5) -> Estimates:
    draw = np.random.default_rng(3)
    truth = draw.normal(size=rows).round(1)
    return Estimates((truth + noise * draw.normal(size=rows)).astype(np.float32), truth)


def words(rows: int = 60, noise: float = 1.0) -> TaggedWords:
    draw = np.random.default_rng(4)
    truth = [draw.integers(len(NAMES), size=draw.integers(1, 9)) for _ in range(rows)]
    logits = [2 * np.eye(len(NAMES))[row] + noise * draw.normal(size=(len(row), len(NAMES))) for row in truth]
    return TaggedWords([row.astype(np.float32) for row in logits], truth, NAMES)


def values_of(answers: Answers) -> dict[str, float]:
    measured = measure(answers, resample=False)
    return {**{name: figure.value for name, figure in measured.metrics.items()}, "loss": measured.loss}


ALL = pytest.mark.parametrize("make", [classes, sets, numbers, words], ids=lambda make: make.__name__)


def test_figures_of_classes_are_scikit_learns() -> None:
    answers = classes()
    values = values_of(answers)
    assert values["accuracy"] == pytest.approx(100 * accuracy_score(answers.truth, answers.top))
    assert values["macroF1"] == pytest.approx(f1_score(answers.truth, answers.top, average="macro"))
    probabilities = np.exp(answers.logits) / np.exp(answers.logits).sum(axis=1, keepdims=True)
    assert values["loss"] == pytest.approx(log_loss(answers.truth, probabilities, labels=range(4)), rel=1e-5)


def test_figures_of_label_sets_are_scikit_learns() -> None:
    answers = sets()
    given_labels = answers.given.astype(int)
    values = values_of(answers)
    for name, average in (("microF1", "micro"), ("macroF1", "macro")):
        assert values[name] == pytest.approx(f1_score(answers.truth, given_labels, average=average))
    assert values["subsetAccuracy"] == pytest.approx(100 * accuracy_score(answers.truth, given_labels))
    assert 0 < values["subsetAccuracy"] < 100
    probabilities = 1 / (1 + np.exp(-answers.logits.ravel().astype(np.float64)))
    assert values["loss"] == pytest.approx(log_loss(answers.truth.ravel(), probabilities), rel=1e-5)


def test_figures_of_numbers_are_scikit_learns_and_scipys() -> None:
    answers = numbers()
    values = values_of(answers)
    assert values["r2"] == pytest.approx(r2_score(answers.truth, answers.estimates))
    assert values["mse"] == values["loss"] == pytest.approx(mean_squared_error(answers.truth, answers.estimates))
    assert values["mae"] == pytest.approx(mean_absolute_error(answers.truth, answers.estimates))
    assert values["spearman"] == pytest.approx(spearmanr(answers.truth, answers.estimates).statistic)


def test_r2_and_correlation_are_not_claimed_of_equal_targets() -> None:
    measured = measure(Estimates(np.array([1, 2, 3], dtype=np.float32), np.ones(3)))
    assert measured.metrics is not None
    assert set(measured.metrics) == {"mse", "mae"}
    assert measured.primary_metric is None


def test_words_are_counted_across_rows_and_entities_within_them() -> None:
    answers = words()
    flat = np.concatenate(answers.truth), np.concatenate(answers.top)
    values = values_of(answers)
    assert values["tokenAccuracy"] == pytest.approx(100 * accuracy_score(*flat))
    assert values["macroF1"] == pytest.approx(f1_score(*flat, average="macro"))
    true = {(row, *found) for row, t in enumerate(answers.truth) for found in entities([NAMES[i] for i in t])}
    found = {(row, *found) for row, t in enumerate(answers.top) for found in entities([NAMES[i] for i in t])}
    assert values["entityPrecision"] == pytest.approx(len(true & found) / len(found))
    assert values["entityRecall"] == pytest.approx(len(true & found) / len(true))
    precision, recall = values["entityPrecision"], values["entityRecall"]
    assert values["entityF1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert measure(answers).accuracy is not None


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ("O B-PER I-PER O", [("PER", 1, 3)]),
        ("B-PER B-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("I-PER I-PER", [("PER", 0, 2)]),  # an I- without a B- begins an entity
        ("B-PER I-LOC I-LOC", [("PER", 0, 1), ("LOC", 1, 3)]),
        ("O I-LOC", [("LOC", 1, 2)]),
        ("O O", []),
        ("B-A I-A I-A B-A", [("A", 0, 3), ("A", 3, 4)]),
    ],
)
def test_entities_are_those_of_conll(labels: str, found: list) -> None:
    assert entities(labels.split()) == found


def test_an_entity_counts_only_whole() -> None:
    truth = [np.array([1, 2, 0])]  # B-PER I-PER O
    half = TaggedWords([np.eye(5, dtype=np.float32)[[1, 0, 0]]], truth, NAMES)
    assert values_of(half)["entityF1"] == 0
    assert values_of(half)["tokenAccuracy"] == pytest.approx(200 / 3)
    whole = TaggedWords([np.eye(5, dtype=np.float32)[[1, 2, 0]]], truth, NAMES)
    assert values_of(whole)["entityF1"] == 1


def test_labels_that_mark_no_entities_have_no_entity_figures() -> None:
    names = ["NOUN", "VERB"]
    assert is_bio(NAMES)
    assert not is_bio(names)
    assert not is_bio(["O"])
    answers = TaggedWords([np.eye(2, dtype=np.float32)], [np.array([0, 1])], names)
    assert set(values_of(answers)) == {"tokenAccuracy", "macroF1", "loss"}
    assert answers.primary == "tokenAccuracy"


def test_precision_is_not_claimed_where_nothing_was_found() -> None:
    answers = TaggedWords([np.eye(5, dtype=np.float32)[[0, 0]]], [np.array([1, 2])], NAMES)
    assert "entityPrecision" not in values_of(answers)
    assert values_of(answers)["entityRecall"] == 0
    assert values_of(answers)["entityF1"] == 0


@ALL
def test_every_figure_has_its_interval_and_the_primary_is_one_of_them(make) -> None:
    measured = measure(make())
    assert measured.metrics is not None
    assert measured.primary_metric == next(iter(measured.metrics))
    assert measured.samples == make().rows
    for name, figure in measured.metrics.items():
        assert figure.low is not None, name
        assert figure.high is not None, name
        assert figure.low < figure.value < figure.high, name
    assert measured == measure(make())  # the same answers, the same intervals


@ALL
def test_a_model_compared_with_itself_loses_exactly_nothing(make) -> None:
    answers = make()
    comparison = compare(answers, answers)
    assert comparison.metric_drops is not None
    assert set(comparison.metric_drops) == set(answers.figures())
    for drop in comparison.metric_drops.values():
        assert (drop.value, drop.low, drop.high) == (0, 0, 0)
    if (same := comparison.agreement_interval) is not None:
        assert (comparison.agreement, same.low, same.high) == (1, 1, 1)


@ALL
def test_a_worse_model_loses_in_every_figure_whichever_way_it_points(make) -> None:
    better, worse = make(noise=0.3), make(noise=3.0)
    loss, gain = compare(better, worse), compare(worse, better)
    assert loss.metric_drops is not None
    assert gain.metric_drops is not None
    for name, drop in loss.metric_drops.items():
        assert drop.low is not None
        assert drop.low > 0, name
        assert gain.metric_drops[name].value == pytest.approx(-drop.value)
        before, after = values_of(better)[name], values_of(worse)[name]
        assert drop.value == pytest.approx(abs(before - after)), name
    if isinstance(better, Estimates):
        assert loss.accuracy_drop is None
        assert loss.agreement is None
    else:
        assert loss.accuracy_drop is not None
        assert loss.accuracy_drop.value > 0
        assert loss.agreement is not None
        assert 0 < loss.agreement < 1
        interval = loss.agreement_interval
        assert interval is not None
        assert interval.low is not None
        assert interval.high is not None
        assert 0 < interval.low < interval.value == loss.agreement < interval.high < 1


@ALL
def test_other_rows_are_not_compared(make) -> None:
    with pytest.raises(ValueError, match="same rows"):
        compare(make(), make(50))


def test_the_bootstrap_interval_covers_the_truth_95_times_in_100() -> None:
    draw = np.random.default_rng(9)
    covered, tries, truth = 0, 200, 0.5
    for _ in range(tries):
        values = draw.random(100)
        interval = bootstrap({"mean": lambda w, v=values: float(w @ v / w.sum())}, 100, resamples=300)["mean"]
        assert interval.low is not None
        assert interval.high is not None
        covered += interval.low <= truth <= interval.high
    assert 0.89 <= covered / tries <= 0.99


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10**6))
def test_tiny_data_never_breaks_a_figure(rows: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    logits = draw.normal(size=(rows, 3)).astype(np.float32)
    every: list[Answers] = [
        Predictions(logits, draw.integers(3, size=rows)),
        LabelSets(logits, draw.integers(2, size=(rows, 3))),
        Estimates(logits[:, 0], draw.normal(size=rows)),
        TaggedWords(list(logits[:, None, :]), [draw.integers(3, size=1) for _ in range(rows)], ["O", "B-A", "I-A"]),
    ]
    for answers in every:
        measured = measure(answers)
        assert measured.metrics
        for figure in measured.metrics.values():
            assert np.isfinite(figure.value)


def test_precision_is_scikit_learns() -> None:
    # One word per row: an entity is a word, and entity precision is the micro precision without O.
    draw = np.random.default_rng(6)
    truth, top = draw.integers(3, size=100), draw.integers(3, size=100)
    answers = TaggedWords(list(np.eye(3, dtype=np.float32)[top][:, None, :]), list(truth[:, None]), ["O", "B-A", "B-B"])
    expected = precision_score(truth, top, labels=[1, 2], average="micro")
    assert values_of(answers)["entityPrecision"] == pytest.approx(expected)
