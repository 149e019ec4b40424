"""Whole searches: the front that they leave behind, and how they go on after a kill."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import AutoModelForSequenceClassification

import tiny
from conftest import Workbench
from hone.compress.search import laboratory
from hone.contract import Manifest
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.store.manifest import check_files, read_manifest
from hone.training.checkpoints import is_whole
from killing import Killable

TASK = {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": 32}
TRIALS = 3
EXAMPLE = Path(__file__).parents[3] / "examples/03-compression/search.yaml"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("plain") / "classifier"
    AutoModelForSequenceClassification.from_config(tiny.bert_config()).save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(bench: Workbench, plain: Path) -> Workbench:
    shutil.copytree(plain, bench.claim / "models/classifier")
    bench.document["model"] = {"uri": "pvc://spam/models/classifier"}
    return bench


def searching(bench: Workbench, **changes: Any) -> dict[str, Any]:
    dataset = {key: value for key, value in bench.document["dataset"].items() if key != "train"}
    return {
        "kind": "CompressionJob",
        "method": None,
        "training": None,
        "precision": None,
        "task": TASK,
        "dataset": dataset,
        "search": {"objective": "Smallest", "trials": TRIALS},
        "export": {"onnx": {}},
        "hash": "s1",
        **changes,
    }


def tried(artifact: Path) -> list[dict[str, Any]]:
    return json.loads((artifact / "search.json").read_text())["trials"]


def test_a_search_leaves_the_front_as_artifacts_and_all_that_it_tried_as_tables_and_a_picture(
    folder: Workbench,
) -> None:
    result = folder.run(**searching(folder))
    artifact, search = folder.artifact("s1"), result.search
    assert search is not None
    trials = tried(artifact)
    assert [trial["trial"] for trial in trials] == list(range(TRIALS))
    assert search.trials == TRIALS
    # The fewest bits come first, alone.
    assert trials[0]["steps"] == [{"quantize": {"scheme": "INT8Dynamic"}}]

    # What can't be carried out is told, and ends nothing.
    failed = [trial for trial in trials if trial["state"] == "Failed"]
    assert search.failed == len(failed) >= 1
    assert "factorize would make none of 8 layers smaller; write a smaller rankRatio" in failed[0]["message"]
    assert any("recipes failed" in warning and "factorize" in warning for warning in result.warnings or [])

    measured = {trial["trial"]: trial for trial in trials if trial["state"] == "Measured"}
    costs = {number: (one["lost"], one["sizeBytes"], 1 / one["speedup"]) for number, one in measured.items()}
    best = {
        number
        for number, own in costs.items()
        if not any(other != own and all(a <= b for a, b in zip(other, own, strict=True)) for other in costs.values())
    }
    assert {point.trial for point in search.points} == best
    assert {trial["trial"] for trial in trials if trial["onFront"]} == best

    # Each point is an artifact of its own, and what was measured is what its file does.
    for point in search.points:
        own = artifact / f"points/{point.trial}"
        manifest, digest = read_manifest(own, point.artifact.uri)
        assert (digest, f"{result.artifact.uri}/points/{point.trial}") == (point.artifact.digest, point.artifact.uri)
        check_files(own, point.artifact.uri, manifest.files)
        names = {file.path for file in manifest.files}
        assert names == {"model.onnx", "tokenizer.json", "config.json", "compression.json"}
        assert manifest.task is not None
        assert (manifest.task.labels, manifest.model_path) == (["ham", "spam"], "model.onnx")
        assert point.after.size_bytes == (own / "model.onnx").stat().st_size
        assert manifest.metrics is not None
        assert manifest.metrics.comparison == point.comparison
        OnnxClassifier(own / "model.onnx")
    smallest = min(search.points, key=lambda point: point.after.size_bytes or 0)
    assert search.selected == smallest.trial
    assert result.metrics.after == smallest.after

    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert manifest.search == search
    assert manifest.model_path == f"points/{smallest.trial}/model.onnx"
    with (artifact / "search.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["recipe"] for row in rows] == [trial["recipe"] for trial in trials]
    assert (artifact / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder.claim / "artifacts/.checkpoints").exists()
    percents = [report.percent for report in folder.reports]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert any((report.message or "").startswith(f"trial 2 of {TRIALS}: ") for report in folder.reports)

    again = folder.run(**searching(folder))
    assert again.reused
    assert again.search == search


@pytest.mark.timeout(300)
def test_a_search_that_is_killed_repeats_no_trial_and_no_step(folder: Workbench) -> None:
    # The example, with a model and data that are tiny.
    search = {**yaml.safe_load(EXAMPLE.read_text())["spec"]["search"], "trials": 3}
    config = folder.config(**searching(folder, search=search, hash="killed")).to_json()
    root = folder.claim / "artifacts/.checkpoints/tiny-killed/search"
    # Between the steps of the third trial.
    pruned = root / "trial-2/steps/1/done"
    Killable(config).kill_when(lambda: is_whole(pruned), delay=0.0)
    report = json.loads((pruned / "report.json").read_bytes())["report"]
    before = outcomes(root)
    assert [outcome["recipe"]["number"] for outcome in before] == [0, 1]
    # As if the kill had hit a line of the journal, and the one who holds its lock.
    with (root / "journal.log").open("a") as journal:
        journal.write('{"op_code": 6, "wor')
    (root / "journal.log.lock").symlink_to(root / "journal.log")

    assert Killable(config).wait() == 0
    trials = tried(folder.artifact("killed"))
    assert [trial["recipe"] for trial in trials[:2]] == [outcome["recipe"]["text"] for outcome in before]
    assert [trial["seconds"] for trial in trials[:2]] == [outcome["seconds"] for outcome in before]
    assert trials[2]["recipe"] == "prune Channels 0.8, factorize 0.25, quantize INT8Dynamic"
    if trials[2]["onFront"]:
        story = json.loads((folder.artifact("killed") / "points/2/compression.json").read_bytes())
        assert story["steps"][0]["seconds"] == report["seconds"]
    assert len(trials) == 3


def outcomes(root: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (root / "journal.log").read_text().splitlines()]
    return [json.loads(line["user_attr"]["outcome"]) for line in lines if "outcome" in line.get("user_attr", {})]


def refused(bench: Workbench, reason: str, sentence: str, **changes: Any) -> None:
    with pytest.raises(RunError, match=sentence) as error:
        bench.run(**searching(bench, **changes))
    assert error.value.reason == reason


def test_what_a_search_cannot_do_is_refused_at_once(folder: Workbench) -> None:
    columns = {"columns": {"text": "text", "label": "label"}}
    refused(folder, "ConfigInvalid", r"what they lose; name data in spec\.dataset\.evaluation", dataset=columns)
    refused(folder, "Unsupported", "tells nothing of TensorRT; write spec.export.onnx", export={"tensorRT": {}})
    search = {"objective": "Smallest", "parallelism": 2}
    refused(folder, "Unsupported", "parallelism above 1 is not supported yet; write parallelism: 1", search=search)
    if not torch.cuda.is_available():
        search = {"objective": "Smallest", "gpuHours": 1.0}
        refused(folder, "ConfigInvalid", "there is none; write timeoutSeconds", search=search)


def test_a_search_of_which_nothing_comes_says_why(folder: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no such luck\nand more")

    monkeypatch.setattr(laboratory, "compress", fail)
    sentence = "None of the 2 recipes that were tried could be carried out; the first, quantize INT8Dynamic, failed: "
    refused(
        folder, "ConfigInvalid", f"{sentence}RuntimeError: no such luck$", search={"objective": "Fastest", "trials": 2}
    )
