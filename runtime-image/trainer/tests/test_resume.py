import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from hone.contract import Resumes
from hone.errors import RunError
from hone.interrupt import Interrupt
from hone.job import run_job
from hone.training.checkpoints import is_whole, latest_whole

TRAINING = {"steps": 24, "batchSize": 8, "learningRate": 0.01, "seed": 1}
EVERY_SIX = {"everySteps": 6, "keepLast": 2}
METHODS = {
    "lora": {"method": {"lora": {"rank": 4, "dropout": 0.1}}, "precision": {"mode": "BF16"}},
    "full": {"method": {"full": {}}, "precision": {"mode": "FP16"}},
    "qlora": {"method": {"qlora": {"rank": 4, "optimizer": "AdamW8bit"}}},
    "p-tuning": {"method": {"promptTuning": {"virtualTokens": 4, "encoder": "LSTM"}}},
}


def run_until(bench, step: int, **changes) -> None:
    """Run, and be told to stop in the middle of a step."""
    interrupt = Interrupt()

    def listener(report) -> None:
        if report.step == step:
            interrupt.requested = True

    with pytest.raises(RunError) as caught:
        run_job(bench.config(**changes), listener, interrupt)
    assert caught.value.reason == "Interrupted"
    assert caught.value.exit_code == 143


def checkpoints(bench, run_hash: str = "abc123"):
    return bench.claim / f"artifacts/.checkpoints/tiny-{run_hash}"


def result_of(bench, run_hash: str):
    folder = bench.artifact(run_hash)
    curve = [json.loads(line) for line in (folder / "loss.jsonl").read_text().splitlines()]
    return curve, load_file(folder / "model/model.safetensors")


def assert_same(bench, one: str, other: str) -> None:
    (curve, weights), (other_curve, other_weights) = result_of(bench, one), result_of(bench, other)
    assert curve == other_curve
    assert all(torch.equal(weights[name], other_weights[name]) for name in weights)


@pytest.mark.parametrize("kind", METHODS)
def test_a_run_that_was_stopped_goes_on_where_it_was_bit_for_bit(bench, kind):
    changes = {**METHODS[kind], "training": TRAINING, "checkpoint": EVERY_SIX}
    bench.run(**changes, hash="whole")
    run_until(bench, 10, **changes, hash="parts")
    assert latest_whole(checkpoints(bench, "parts")).name == "checkpoint-11"
    result = bench.run(**changes, hash="parts")
    assert result.training.resumed_from_step == 11
    assert result.resumes == Resumes(count=1, lost_steps=0)
    assert result.training.steps == 24
    assert_same(bench, "whole", "parts")
    assert not checkpoints(bench, "parts").exists()


def test_a_run_saves_when_it_is_told_to_stop_even_without_regular_checkpoints(bench):
    run_until(bench, 4, training=TRAINING)
    assert bench.run(training=TRAINING).training.resumed_from_step == 5


def test_a_torn_checkpoint_is_skipped_for_the_one_before(bench):
    changes = {"training": TRAINING, "checkpoint": EVERY_SIX}
    bench.run(**changes, hash="whole")
    run_until(bench, 14, **changes)
    newest = checkpoints(bench) / "checkpoint-15"
    assert is_whole(newest)
    state = newest / "optimizer.pt"
    state.write_bytes(state.read_bytes()[:100])
    assert latest_whole(checkpoints(bench)).name == "checkpoint-12"
    result = bench.run(**changes)
    assert result.training.resumed_from_step == 12
    assert result.resumes == Resumes(count=1, lost_steps=3)
    assert any(report.message and "3 steps of the pod before were lost" in report.message for report in bench.reports)
    assert_same(bench, "whole", "abc123")


def test_a_checkpoint_without_a_seal_is_torn(bench):
    changes = {"training": TRAINING, "checkpoint": EVERY_SIX}
    run_until(bench, 8, **changes)
    for seal in checkpoints(bench).glob("*/.complete.json"):
        seal.unlink()
    result = bench.run(**changes)
    assert result.training.resumed_from_step is None
    assert result.resumes == Resumes(count=1, lost_steps=9)


def test_only_the_last_checkpoints_are_kept(bench):
    run_until(bench, 20, training=TRAINING, checkpoint=EVERY_SIX)
    assert {path.name for path in checkpoints(bench).iterdir()} == {"checkpoint-18", "checkpoint-21", "journal.jsonl"}


def test_a_training_that_was_done_takes_no_further_step(bench):
    changes = {"training": TRAINING, "checkpoint": EVERY_SIX}
    bench.run(**changes, hash="whole")
    run_until(bench, 24, **changes)
    # The signal came after the last step, or the pod died before the artifact was committed.
    result = bench.run(**changes)
    assert result.training.resumed_from_step == 24
    assert result.training.steps == 24
    assert_same(bench, "whole", "abc123")


def test_checkpoints_of_another_hash_are_not_taken(bench):
    run_until(bench, 8, training=TRAINING)
    shutil.copytree(checkpoints(bench), checkpoints(bench, "kept"))
    assert bench.run(training=TRAINING, hash="other").training.resumed_from_step is None
