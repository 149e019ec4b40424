"""Evaluation while a training goes on: what it notes, what it keeps, and when it ends the training."""

import json

import pytest
import torch
from safetensors.torch import load_file

from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.job import run_job

# Far too fast: it gets worse soon.
WILD = {"steps": 24, "batchSize": 8, "learningRate": 0.2, "schedule": "Constant", "seed": 1}
TAME = {"steps": 12, "batchSize": 8, "learningRate": 0.01, "seed": 1}


def run(bench, run_hash: str = "abc123", training=WILD, **evaluation):
    return bench.run(training=training, evaluation=evaluation, method={"full": {}}, hash=run_hash)


def evaluations(bench, run_hash: str = "abc123") -> list[dict]:
    lines = [json.loads(line) for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]
    return [line for line in lines if "evaluation" in line]


def test_every_few_steps_and_at_the_end_the_model_is_evaluated(bench):
    result = run(bench, training=TAME, everySteps=5, keepBest=False)
    points = evaluations(bench)
    assert [point["step"] for point in points] == [5, 10, 12]
    assert all({"loss", "accuracy", "macroF1"} <= set(point["evaluation"]) for point in points)
    # The last one measured what was saved.
    assert points[-1]["evaluation"]["accuracy"] == result.metrics.after.accuracy.value
    assert points[-1]["evaluation"]["loss"] == pytest.approx(result.metrics.after.loss, abs=1e-6)
    assert [point.step for point in result.training.last_points if point.evaluation_loss is not None] == [5, 10, 12]
    assert result.training.stopped_early is False


def test_evaluations_change_nothing_in_the_training(bench):
    run(bench, "with", training=TAME, everySteps=1, keepBest=False)
    bench.run(training=TAME, method={"full": {}}, hash="without")
    ours, theirs = (load_file(bench.artifact(h) / "model/model.safetensors") for h in ("with", "without"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_the_best_weights_are_the_artifacts(bench, metric):
    result = run(bench, everySteps=2, metric=metric)
    values = {point["step"]: point["evaluation"][metric] for point in evaluations(bench)}
    best = (min if metric == "loss" else max)(values, key=values.get)
    assert best < 24
    assert result.training.best.model_dump() == {"step": best, "metric": metric, "value": values[best]}
    measured = result.metrics.after.loss if metric == "loss" else result.metrics.after.accuracy.value
    assert measured == pytest.approx(values[best], abs=1e-6)
    assert result.training.steps == 24
    assert any(f"Step {best} was chosen by {metric}" in warning for warning in result.warnings)


def test_without_keeping_the_best_the_last_weights_are_the_artifacts(bench):
    result = run(bench, everySteps=2, metric="loss", keepBest=False)
    last = evaluations(bench)[-1]
    assert result.metrics.after.loss == pytest.approx(last["evaluation"]["loss"], abs=1e-6)
    assert result.training.best.step < last["step"]


def test_a_training_that_gets_no_better_ends(bench):
    result = run(bench, everySteps=2, metric="loss", earlyStopping={"patience": 3})
    assert result.training.stopped_early
    assert result.training.steps == result.training.best.step + 3 * 2 < 24
    assert evaluations(bench)[-1]["step"] == result.training.steps
    assert result.metrics.after.loss == pytest.approx(result.training.best.value, abs=1e-6)


def test_a_small_improvement_is_none(bench):
    result = run(
        bench, training=TAME, everySteps=1, metric="loss", earlyStopping={"patience": 2, "minImprovement": 1000}
    )
    # The first one is better than nothing; the next two are not enough better.
    assert result.training.steps == 3


def test_a_training_that_was_stopped_early_takes_no_further_step(bench):
    changes = {
        "training": WILD,
        "method": {"full": {}},
        "checkpoint": {"everySteps": 5},
        "evaluation": {"everySteps": 2, "metric": "loss", "earlyStopping": {"patience": 3}},
    }
    whole = bench.run(**changes, hash="whole")

    def listener(report) -> None:
        if report.phase == "Saving":
            raise RuntimeError("the pod dies")

    with pytest.raises(RuntimeError, match="the pod dies"):
        run_job(bench.config(**changes, hash="parts"), listener, Interrupt())
    parts = bench.run(**changes, hash="parts")
    assert parts.training.resumed_from_step == parts.training.steps == whole.training.steps
    assert parts.training.best == whole.training.best
    ours, theirs = (load_file(bench.artifact(h) / "model/model.safetensors") for h in ("whole", "parts"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_an_evaluation_that_was_interrupted_is_made_up_for(bench):
    changes = {"training": TAME, "method": {"full": {}}, "evaluation": {"everySteps": 4}}
    bench.run(**changes, hash="whole")
    interrupt = Interrupt()

    def listener(report) -> None:
        # Told after the step was noted: the evaluation of step 4 comes next.
        interrupt.requested = interrupt.requested or report.step == 4

    with pytest.raises(RunError):
        run_job(bench.config(**changes, hash="parts"), listener, interrupt)
    journal = (bench.claim / "artifacts/.checkpoints/tiny-parts/journal.jsonl").read_text()
    assert '"evaluation"' not in journal
    bench.run(**changes, hash="parts")
    assert evaluations(bench, "parts") == evaluations(bench, "whole")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"evaluation": {"everySteps": 2, "metric": "beauty"}}, "is beauty, which this task does not measure; write"),
        (
            {"evaluation": {"everySteps": 2}, "dataset": {"train": {"uri": "pvc://spam/data/train.jsonl"}}},
            "spec.evaluation needs data; name it in spec.dataset.evaluation",
        ),
    ],
)
def test_an_evaluation_that_can_not_be_is_refused_before_the_first_step(bench, changes, words):
    with pytest.raises(RunError) as caught:
        bench.run(training=TAME, **changes)
    assert caught.value.reason == "ConfigInvalid"
    assert words in caught.value.message
    assert not [report for report in bench.reports if report.step]
