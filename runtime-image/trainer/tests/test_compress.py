"""Whole CompressionJobs: a FineTuneJob's artifact, or a plain folder, in; an ONNX artifact out."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

import tiny
from conftest import Workbench
from hone.cli import main
from hone.contract import Manifest
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.export.parity import TOLERANCE, compare, difference

DYNAMIC = [{"quantize": {"scheme": "INT8Dynamic"}}]
STATIC: list[dict[str, Any]] = [{"quantize": {"scheme": "INT8Static", "calibration": {"samples": 32}}}]


def compression(bench: Workbench, **changes: Any) -> dict[str, Any]:
    dataset = {key: value for key, value in bench.document["dataset"].items() if key != "train"}
    return {
        "kind": "CompressionJob",
        "method": None,
        "training": None,
        "precision": None,
        "task": None,
        "dataset": dataset,
        "steps": DYNAMIC,
        "export": {"onnx": {}},
        "hash": "c1",
        **changes,
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained head in a plain folder, without a manifest."""
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


TASK = {"type": "TextClassification", "labels": ["ham", "spam"], "maxLength": 32}


def refused(bench: Workbench, reason: str, sentence: str, **changes: Any) -> None:
    with pytest.raises(RunError, match=sentence) as error:
        bench.run(**compression(bench, **changes))
    assert error.value.reason == reason
    assert not (bench.artifact(changes.get("hash", "c1")) / "manifest.json").exists()


def test_from_a_fine_tuned_model_to_a_served_one(bench: Workbench) -> None:
    tuned = bench.run(method={"full": {}}, training={"epochs": 8, "batchSize": 8, "learningRate": 0.001})
    bench.reports.clear()
    result = bench.run(
        **compression(bench, model={"uri": tuned.artifact.uri, "digest": tuned.artifact.digest}),
        gate={"maxAccuracyDrop": 5.0, "maxSizeRatio": 2.0},
    )
    artifact = bench.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path) == ("ONNX", "model.onnx")
    assert manifest.task is not None
    assert (manifest.task.labels, manifest.task.max_length) == (["ham", "spam"], 32)
    assert {entry.path for entry in manifest.files} == {
        "model.onnx",
        "tokenizer.json",
        "config.json",
        "compression.json",
    }
    assert json.loads((artifact / "config.json").read_bytes())["model_type"] == "bert"
    assert Tokenizer.from_file(str(artifact / "tokenizer.json")).padding is None

    before, after, comparison = result.metrics.before, result.metrics.after, result.metrics.comparison
    assert before is not None
    assert after is not None
    assert comparison is not None
    assert before.accuracy is not None
    assert before.accuracy.value > 70
    assert tuned.metrics.after is not None
    assert before.accuracy == tuned.metrics.after.accuracy
    assert (before.samples, after.samples) == (64, 64)
    assert after.size_bytes == (artifact / "model.onnx").stat().st_size
    assert comparison.size_ratio == pytest.approx(after.size_bytes / (before.size_bytes or 1))
    assert comparison.accuracy_drop is not None
    assert comparison.accuracy_drop.value <= 5
    assert comparison.agreement is not None
    assert comparison.agreement >= 0.95
    assert after.latency_millis is not None
    assert (after.latency_millis.samples, after.latency_millis.threads) == (64, 1)
    assert result.lineage[0].digest == tuned.artifact.digest
    assert [entry.role for entry in result.lineage] == ["Model", "EvaluationData"]
    assert [phase.name for phase in result.phases] == [
        "Fetching", "Exporting", "Compressing", "Evaluating", "Measuring", "Saving",
    ]  # fmt: skip
    percents = [report.percent for report in bench.reports]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert any(report.total_steps == 128 and report.step == 128 for report in bench.reports)

    # What was measured is what the artifact's own files do.
    classifier = OnnxClassifier(artifact / "model.onnx")
    tokenizer = Tokenizer.from_file(str(artifact / "tokenizer.json"))
    right = 0
    for mail in map(json.loads, (bench.claim / "data/test.jsonl").read_text().splitlines()):
        ids = np.array([tokenizer.encode(mail["text"]).ids], dtype=np.int64)
        answer = classifier.logits({"input_ids": ids, "attention_mask": np.ones_like(ids)}).argmax()
        right += manifest.task.labels[answer] == mail["label"]
    assert after.accuracy is not None
    assert after.accuracy.value == 100 * right / 64

    assert bench.run(**compression(bench, model={"uri": tuned.artifact.uri})).reused

    corrupt = next((bench.artifact() / "model").glob("*.safetensors"))
    corrupt.write_bytes(corrupt.read_bytes()[:-1] + b"\0\1"[-1:])
    refused(
        bench, "ArtifactCorrupt", r"model\.safetensors is corrupt: expected sha256", model={"uri": tuned.artifact.uri},
        hash="c2",
    )  # fmt: skip
    refused(bench, "Unsupported", "is ONNX already", model={"uri": result.artifact.uri}, hash="c3")


def test_static_int8_of_a_plain_folder(folder: Workbench) -> None:
    dataset = {**compression(folder)["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    result = folder.run(**compression(folder, steps=STATIC, task=TASK, dataset=dataset))
    assert [entry.role for entry in result.lineage] == ["Model", "EvaluationData", "CalibrationData"]
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.agreement is not None
    assert result.metrics.comparison.agreement >= 0.9


def test_calibration_data_of_one_class_or_of_few_or_no_rows_is_told(folder: Workbench) -> None:
    mails = [json.loads(line) for line in (folder.claim / "data/train.jsonl").read_text().splitlines()]
    ham = [mail for mail in mails if mail["label"] == "ham"]
    tiny.write_rows(folder.claim / "data/ham.jsonl", ham)
    tiny.write_rows(folder.claim / "data/few.jsonl", mails[:3])
    (folder.claim / "data/none.jsonl").write_text("")
    base = compression(folder)["dataset"]

    def dataset(name: str) -> dict[str, Any]:
        return {**base, "calibration": {"uri": f"pvc://spam/data/{name}.jsonl"}}

    result = folder.run(**compression(folder, steps=STATIC, task=TASK, dataset=dataset("ham")))
    assert any("calibration rows are of the class ham: ranges of one" in warning for warning in result.warnings or [])
    few = {"steps": STATIC, "task": TASK, "dataset": dataset("few"), "hash": "c2"}
    refused(folder, "DatasetInvalid", "has 3 rows, and ranges need 16 or more; name more", **few)
    empty = {"steps": STATIC, "task": TASK, "dataset": dataset("none"), "hash": "c3"}
    refused(folder, "DatasetInvalid", "none.jsonl holds no rows", **empty)


EXAMPLES = sorted((Path(__file__).parents[3] / "examples/03-compression").glob("quantize-*.yaml"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("manifest", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_of_quantization_runs_as_it_stands(folder: Workbench, manifest: Path) -> None:
    spec = yaml.safe_load(manifest.read_text())["spec"]
    train = {"uri": "pvc://spam/data/train.jsonl"}
    dataset = {**compression(folder)["dataset"], "train": train, "calibration": train}
    result = folder.run(**compression(folder, steps=spec["steps"], task=TASK, gate=spec["gate"], dataset=dataset))
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.agreement is not None
    assert result.metrics.comparison.agreement >= 0.8


def test_export_alone_changes_nothing(folder: Workbench) -> None:
    numbers = [{"text": "free lunch", "label": 1}, {"text": "we", "label": 0}]
    tiny.write_rows(folder.claim / "data/numbers.jsonl", numbers)
    dataset = {"evaluation": {"uri": "pvc://spam/data/numbers.jsonl"}}
    result = folder.run(**compression(folder, steps=None, task={"type": "TextClassification"}, dataset=dataset))
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.accuracy_drop is not None
    assert result.metrics.comparison.accuracy_drop.model_dump() == {"value": 0, "low": 0, "high": 0}
    assert (result.metrics.comparison.size_ratio, result.metrics.comparison.agreement) == (1, 1)
    assert result.export is not None
    assert (result.export.format, result.export.opset, result.export.message) == ("ONNX", 20, None)
    assert result.export.parity is not None
    assert (result.export.parity.samples, result.export.parity.top_agreement) == (2, 1)
    assert 0 < result.export.parity.max_absolute < TOLERANCE


def test_without_data_only_the_size_is_known(folder: Workbench) -> None:
    result = folder.run(**compression(folder, task=TASK, dataset={}))
    assert result.metrics.comparison is not None
    assert set(result.metrics.comparison.model_dump(exclude_none=True)) == {"size_ratio"}
    assert result.warnings is not None
    assert [warning.split(",")[0] for warning in result.warnings] == [
        "There is no evaluation data",
        "There are no rows to answer",
    ]


def test_a_processor_does_not_time_what_is_for_tensorrt(folder: Workbench) -> None:
    dataset = {**compression(folder)["dataset"], "calibration": {"uri": "pvc://spam/data/train.jsonl"}}
    steps = [{"quantize": {"scheme": "INT8Static", "target": "TensorRT", "calibration": {"samples": 16}}}]
    result = folder.run(**compression(folder, steps=steps, task=TASK, dataset=dataset))
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.speedup is None
    assert result.metrics.comparison.speedup_unknown == "the artifact is for TensorRT, and the run had a processor"
    assert result.metrics.comparison.accuracy_drop is not None
    assert result.warnings is not None
    assert "its speed is not known yet" in result.warnings[-1]


def test_mistakes_are_told_in_a_sentence(folder: Workbench) -> None:
    refused(folder, "ConfigInvalid", "no manifest that says what it was trained for; write spec.task")
    refused(folder, "ConfigInvalid", "names 3 labels, but .* tells 2 apart", task={**TASK, "labels": ["a", "b", "c"]})
    refused(folder, "ConfigInvalid", "name some in spec.dataset.calibration", steps=STATIC, task=TASK)
    late = [*DYNAMIC, {"prune": {"sparsity": 0.5}}]
    refused(folder, "ConfigInvalid", "prune Unstructured after quantize INT8Dynamic, .*move prune", steps=late)
    refused(folder, "ConfigInvalid", "quantizes twice", steps=[*DYNAMIC, *DYNAMIC], task=TASK)
    refused(folder, "ModelInvalid", "has no trained classifier", model={"uri": "pvc://spam/models/tiny"}, task=TASK)
    refused(folder, "LabelUnknown", '"ham" in row', task={**TASK, "labels": ["yes", "no"]})
    refused(folder, "Unsupported", "opset is 17", task=TASK, export={"onnx": {"opset": 17}})


def test_nan_is_no_weight(folder: Workbench) -> None:
    path = folder.claim / "models/classifier/model.safetensors"
    weights = load_file(path)
    weights["classifier.weight"][0, 0] = float("nan")
    save_file(weights, path, metadata={"format": "pt"})
    refused(folder, "ModelInvalid", "NaN or infinity in classifier.weight", task=TASK)


def test_what_libraries_print_is_not_among_the_result(
    folder: Workbench, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = tiny.mails(20, seed=1)
    tiny.write_rows(folder.claim / "data/calibration.jsonl", rows)
    # ONNX Runtime tells of its progress with it.
    entropy = {"quantize": {"scheme": "INT8Static", "calibration": {"method": "Entropy", "samples": 16}}}
    job = compression(folder, task=TASK, steps=[entropy])
    job["dataset"]["calibration"] = {"uri": "pvc://spam/data/calibration.jsonl"}
    assert main(["run", "--config", str(folder.write_config(tmp_path / "job.json", **job))]) == 0
    out, err = capfd.readouterr()
    assert "entropy" in err
    assert json.loads(out)["steps"][0]["name"] == "quantize INT8Static"


def test_answers_are_held_to_their_largest_logit() -> None:
    expected = np.array([[0.5, -1000.0], [0.5, 0.25]], dtype=np.float32)
    for row, found in ((0, 5e-5), (1, 5e-2)):
        actual = expected.copy()
        actual[row, 0] += 0.05
        assert difference(expected, actual) == pytest.approx(found, rel=1e-3)
    assert np.isnan(difference(expected, expected + np.float32("nan")))


def test_another_models_answers_fail_the_comparison(folder: Workbench) -> None:
    folder.run(**compression(folder, steps=None, task=TASK))
    row = {"input_ids": np.array([[2, 5, 3]]), "attention_mask": np.ones((1, 3), dtype=np.int64)}
    model = OnnxClassifier(folder.artifact("c1") / "model.onnx")
    compare(folder.artifact("c1") / "model.onnx", model.logits, [row], pad_id=0)
    for wrong in (3 * TOLERANCE, float("nan")):
        with pytest.raises(RunError, match="answers differ from the original's"):
            compare(
                folder.artifact("c1") / "model.onnx",
                lambda batch, by=wrong: model.logits(batch) + np.float32(by),
                [row],
                0,
            )
