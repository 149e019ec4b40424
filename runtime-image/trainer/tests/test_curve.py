import json

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from hone.training.curve import write_curve
from hone.training.journal import Curve, EvaluationPoint, Journal, LossPoint

CURVE = Curve(
    [LossPoint(1, 0.5, 2.0, 0.1), LossPoint(2, 1.0, None, 0.1, skipped=True), LossPoint(3, 1.5, 1.25, 0.05)],
    [EvaluationPoint(2, 1.0, "loss", {"loss": 1.75, "accuracy": 50.0})],
)


def test_json_lines_hold_the_whole_series_in_order(tmp_path):
    write_curve(CURVE, tmp_path)
    assert [json.loads(line) for line in (tmp_path / "loss.jsonl").read_text().splitlines()] == [
        {"step": 1, "epoch": 0.5, "loss": 2.0, "learningRate": 0.1},
        {"step": 2, "epoch": 1.0, "loss": None, "learningRate": 0.1, "skipped": True},
        {"step": 2, "epoch": 1.0, "metric": "loss", "evaluation": {"loss": 1.75, "accuracy": 50.0}},
        {"step": 3, "epoch": 1.5, "loss": 1.25, "learningRate": 0.05},
    ]


def test_tensorboard_reads_the_same_series(tmp_path):
    write_curve(CURVE, tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert set(events.Tags()["scalars"]) == {
        "train/loss", "train/learningRate", "evaluation/loss", "evaluation/accuracy"
    }  # fmt: skip
    assert [(event.step, event.value) for event in events.Scalars("train/loss")] == [(1, 2.0), (3, 1.25)]
    assert [(event.step, event.value) for event in events.Scalars("evaluation/accuracy")] == [(2, 50.0)]


def test_the_picture_is_drawn_and_the_same_each_time(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_curve(CURVE, tmp_path / name)
    with Image.open(tmp_path / "one/loss.png") as picture:
        assert picture.size == (800, 450)
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10
    assert (tmp_path / "one/loss.png").read_bytes() == (tmp_path / "two/loss.png").read_bytes()


def test_an_artifact_has_all_three_and_nothing_of_this_machine_in_their_names(bench):
    bench.run(training={"steps": 2})
    names = {path.relative_to(bench.artifact()).as_posix() for path in bench.artifact().rglob("*") if path.is_file()}
    assert {"loss.jsonl", "loss.png", "tensorboard/events.out.tfevents.0.hone"} <= names


def test_a_torn_line_is_forgotten_and_lost_steps_are_counted(tmp_path):
    journal = Journal(tmp_path)
    journal.start(0, threads=3)
    for step in range(1, 8):
        journal.step(LossPoint(step, step / 10, 1 / step, 0.1))
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"step": 8, "ep')
    again = Journal(tmp_path)
    assert again.threads == 3
    assert again.last_step == 7
    again.start(5, threads=1)
    again.step(LossPoint(6, 0.6, 0.5, 0.1))
    last = Journal(tmp_path)
    assert [point.step for point in last.curve.points] == [1, 2, 3, 4, 5, 6]
    assert last.curve.points[-1].loss == pytest.approx(0.5)
    assert (last.resumes.count, last.resumes.lost_steps, last.threads) == (1, 2, 3)
