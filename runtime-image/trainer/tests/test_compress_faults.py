"""Compressions that meet a kill, a disk that fills, or a model too large for one file."""

import json
import resource
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

import tiny
from conftest import Workbench
from hone.compress.quantize import graphs
from hone.contract import ProgressReport
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.evaluate.size import onnx_bytes
from hone.interrupt import Interrupt
from hone.job import run_job
from hone.onnx_files import writing
from hone.training.checkpoints import latest_whole, step_of
from killing import Killable, last_step

TASK = {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": 32}
STEPS = 24
UNTRAINED = [{"prune": {"pattern": "Unstructured", "sparsity": 0.5}}, {"quantize": {"scheme": "INT8Dynamic"}}]
PRUNED = [
    {"prune": {"pattern": "Unstructured", "sparsity": 0.5, "training": {"steps": STEPS, "batchSize": 8, "seed": 3}}},
    {"quantize": {"scheme": "INT8Dynamic"}},
]
AWARE = [
    {
        "quantize": {
            "scheme": "INT8QAT",
            "calibration": {"samples": 16},
            "training": {"steps": STEPS, "batchSize": 8, "seed": 3},
        }
    }
]


@pytest.fixture
def folder(bench: Workbench) -> Workbench:
    torch.manual_seed(1)
    model = bench.claim / "models/classifier"
    AutoModelForSequenceClassification.from_config(tiny.bert_config()).save_pretrained(model)
    tiny.tokenizer().save_pretrained(model)
    bench.document["model"] = {"uri": "pvc://spam/models/classifier"}
    return bench


def compression(bench: Workbench, **changes: Any) -> dict[str, Any]:
    dataset = {**bench.document["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    return {
        "kind": "CompressionJob",
        "method": None,
        "training": None,
        "precision": None,
        "task": TASK,
        "dataset": dataset,
        "export": {"onnx": {}},
        "checkpoint": {"everySteps": 4},
        **changes,
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize("steps", [PRUNED, AWARE], ids=["prune", "quantize"])
def test_a_kill_within_the_training_of_a_step_changes_nothing(folder: Workbench, steps: list[dict[str, Any]]) -> None:
    folder.run(**compression(folder, steps=steps, hash="whole"))
    config = folder.config(**compression(folder, steps=steps, hash="killed")).to_json()
    step = folder.claim / "artifacts/.checkpoints/tiny-killed/1"
    Killable(config).kill_when(lambda: last_step(step / "journal.jsonl") >= STEPS // 2, delay=0.01)
    checkpoint = latest_whole(step)
    assert checkpoint is not None
    assert 0 < step_of(checkpoint) < STEPS
    assert Killable(config).wait() == 0
    whole, killed = (load_file(folder.artifact(name) / "model/model.safetensors") for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole)
    stories = [json.loads((folder.artifact(name) / "compression.json").read_bytes()) for name in ("whole", "killed")]
    layers = [story["steps"][0]["layers"] for story in stories]
    assert layers[0] == layers[1]
    assert (folder.artifact("killed") / "model.onnx").stat().st_size == (
        folder.artifact("whole") / "model.onnx"
    ).stat().st_size


@pytest.mark.parametrize(
    "steps",
    [
        [{"quantize": {"scheme": "INT8Dynamic"}}],
        [{"quantize": {"scheme": "INT8Static", "calibration": {"samples": 16}, "sensitivity": {"maxLayers": 0}}}],
        [{"quantize": {"scheme": "FP16"}}],
        [{"quantize": {"scheme": "BF16"}}],
        [{"quantize": {"scheme": "INT4WeightOnly"}}],
        [{"quantize": {"scheme": "INT8Dynamic", "smoothQuantAlpha": 0.5, "calibration": {"samples": 16}}}],
        None,
    ],
    ids=["INT8Dynamic", "INT8Static", "FP16", "BF16", "INT4WeightOnly", "smooth", "export"],
)
def test_a_model_too_large_for_one_file_keeps_its_weights_beside_it(
    folder: Workbench, monkeypatch: pytest.MonkeyPatch, steps: list[dict[str, Any]] | None
) -> None:
    # As if a file could not hold more than this; what a real one may hold takes 2 GB to exceed.
    for module in (writing, graphs):
        monkeypatch.setattr(module, "EXTERNAL_FROM", 1000)
    result = folder.run(**compression(folder, steps=steps, hash="large"))
    artifact = folder.artifact("large")
    files = {path.name for path in artifact.iterdir()}
    manifest = json.loads((artifact / "manifest.json").read_bytes())
    assert {entry["path"] for entry in manifest["files"]} == files - {"manifest.json"}
    after = result.metrics.after
    assert after is not None
    assert after.size_bytes == onnx_bytes(artifact / "model.onnx")
    assert any(name.startswith("model.onnx.") for name in files), files
    # Nothing is left that only the workspace has.
    alone = shutil.copytree(artifact, artifact.parent / "alone")
    OnnxClassifier(Path(alone) / "model.onnx")


@pytest.mark.parametrize(
    ("phase", "room", "sentence"),
    [
        ("Exporting", 100_000, "can't be written, for the disk is full; give the output's volume more room"),
        # Less than the network has, which the finished step is kept as.
        ("Compressing", 50_000, "What prune Unstructured made can't be kept .*; give the output's volume more room"),
        # Less than the exported model has, once the exporter's notes are out of it.
        ("Saving", 40_000, "/tiny-fulls/model.onnx can't be written, for the disk is full; give the output's volume"),
    ],
)
def test_a_disk_that_fills_ends_the_run_with_a_sentence(
    folder: Workbench, phase: str, room: int, sentence: str
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def listener(report: ProgressReport) -> None:
        if report.phase == phase:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))

    config = folder.config(**compression(folder, steps=UNTRAINED, hash=f"full{phase[0].lower()}"))
    try:
        with pytest.raises(RunError, match=sentence) as error:
            run_job(config, listener, Interrupt())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert error.value.reason == "OutputNotWritable"
    assert not (folder.artifact(config.hash) / "manifest.json").exists()
