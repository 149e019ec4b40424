"""The tasks beside text classification: whole runs on tiny models that learn, and the chain to a compressed model."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer

import examples
import tiny
from conftest import Workbench
from contract_samples import schemas
from hone.contract import Manifest, RunResult
from hone.contract.training import ClassWeights
from hone.data import LabelledWords
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.tasks.class_weights import balanced, balanced_positives, by_name, weighted_cross_entropy
from hone.tasks.token_classification import TokenClassification

FULL: dict[str, Any] = {"method": {"full": {}}, "training": {"epochs": 8, "batchSize": 8, "learningRate": 0.002}}
TASKS: dict[str, dict[str, Any]] = {
    "MultiLabelClassification": {"type": "MultiLabelClassification", "labels": examples.LABELS, "maxLength": 32},
    "Regression": {"type": "Regression", "maxLength": 32},
    "TokenClassification": {"type": "TokenClassification", "labels": examples.TAGS, "maxLength": 32},
}
ROWS = {
    "MultiLabelClassification": examples.topics,
    "Regression": examples.scores,
    "TokenClassification": examples.tagged,
}
#: The figure that each task is judged by, and what a model without any knowledge gets at most.
PRIMARY = {
    "MultiLabelClassification": ("microF1", 0.67),
    "Regression": ("r2", 0.0),
    "TokenClassification": ("entityF1", 0.3),
}


def prepare(bench: Workbench, kind: str, train: int = 160, test: int = 64) -> None:
    tiny.write_rows(bench.claim / "data/train.jsonl", ROWS[kind](train, seed=1))
    tiny.write_rows(bench.claim / "data/test.jsonl", ROWS[kind](test, seed=2))
    bench.document["task"] = TASKS[kind]
    bench.document["dataset"].pop("columns", None)


def failure(bench: Workbench, **changes: Any) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**changes)
    return caught.value


def losses(bench: Workbench, run_hash: str = "abc123") -> list[float]:
    return [json.loads(line)["loss"] for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]


def manifest(bench: Workbench, run_hash: str = "abc123") -> Manifest:
    return Manifest.model_validate_json((bench.artifact(run_hash) / "manifest.json").read_bytes())


@pytest.fixture(params=TASKS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_task_learns_and_its_compressed_model_keeps_what_was_learnt(bench: Workbench, kind: str) -> None:
    prepare(bench, kind)
    tuned = bench.run(**FULL)
    schemas()["result"].validate(json.loads(tuned.to_json()))
    curve = losses(bench)
    assert sum(curve[-8:]) < 0.5 * sum(curve[:8])
    name, chance = PRIMARY[kind]
    after = tuned.metrics.after
    assert after is not None
    assert after.metrics is not None
    assert after.primary_metric == name
    low = after.metrics[name].low
    assert low is not None
    assert low > chance + 0.1
    assert after.loss is not None
    assert after.samples == 64
    assert manifest(bench).task is not None
    assert manifest(bench).task.labels == TASKS[kind].get("labels")

    result = compress(bench, tuned)
    schemas()["result"].validate(json.loads(result.to_json()))
    before, small, comparison = result.metrics.before, result.metrics.after, result.metrics.comparison
    assert before is not None
    assert before.metrics is not None
    assert small is not None
    assert small.metrics is not None
    assert comparison is not None
    assert comparison.metric_drops is not None
    assert before.metrics[name].value == pytest.approx(after.metrics[name].value, abs=1e-4)
    assert comparison.metric_drops[name].value == pytest.approx(before.metrics[name].value - small.metrics[name].value)
    assert comparison.metric_drops[name].value < 0.1
    assert (comparison.accuracy_drop is None) == (kind == "Regression")
    assert manifest(bench, "c1").task == manifest(bench).task


def compress(bench: Workbench, tuned: RunResult, **changes: Any) -> RunResult:
    dataset = {key: value for key, value in bench.document["dataset"].items() if key != "train"}
    return bench.run(
        **{
            "kind": "CompressionJob",
            "hash": "c1",
            "model": {"uri": tuned.artifact.uri, "digest": tuned.artifact.digest},
            "method": None,
            "training": None,
            "precision": None,
            "task": None,
            "dataset": dataset,
            "steps": [{"quantize": {"scheme": "INT8Dynamic"}}],
            "export": {"onnx": {}},
            "gate": {"metric": {"name": PRIMARY[bench.document["task"]["type"]][0], "maxDrop": 0.1}},
            **changes,
        }
    )


# The exports take most of the time; multi-label and regression share theirs.
@pytest.mark.parametrize("kind", ["Regression", "TokenClassification"])
def test_lora_and_static_quantization_take_either_shape_of_answer(bench: Workbench, kind: str) -> None:
    prepare(bench, kind)
    tuned = bench.run(training={"steps": 4, "learningRate": 0.01})
    assert tuned.training is not None
    assert tuned.training.trainable_parameters < 0.5 * tuned.training.total_parameters
    dataset = {
        "evaluation": {"uri": "pvc://spam/data/test.jsonl"},
        "calibration": {"uri": "pvc://spam/data/train.jsonl"},
    }
    steps = [{"quantize": {"scheme": "INT8Static", "calibration": {"samples": 16}}}]
    result = compress(bench, tuned, dataset=dataset, steps=steps, gate=None)
    assert [entry.role for entry in result.lineage] == ["Model", "EvaluationData", "CalibrationData"]
    assert result.metrics.comparison is not None
    assert result.metrics.comparison.metric_drops


def test_the_saved_model_gives_the_measured_label_sets(bench: Workbench) -> None:
    prepare(bench, "MultiLabelClassification")
    result = bench.run(**FULL)
    model = AutoModelForSequenceClassification.from_pretrained(bench.artifact() / "model").eval()
    assert model.config.problem_type == "multi_label_classification"
    rows = examples.topics(64, seed=2)
    right = 0
    for row in rows:
        batch = AutoTokenizer.from_pretrained(bench.artifact() / "model")(row["text"], return_tensors="pt")
        with torch.inference_mode():
            scores = model(**batch).logits.sigmoid()[0]
        right += {model.config.id2label[i] for i, score in enumerate(scores) if score > 0.5} == set(row["label"])
    assert result.metrics.after is not None
    assert result.metrics.after.accuracy is not None
    assert result.metrics.after.accuracy.value == pytest.approx(100 * right / 64)


def test_a_words_label_stands_at_its_first_piece(bench: Workbench) -> None:
    prepare(bench, "TokenClassification")
    words = LabelledWords([["free-cash", "the", "meeting"]], [[1, 0, 3]], examples.TAGS)
    (encoded,) = TokenClassification(bench.config()).encode(tiny.tokenizer(), words).rows
    # [CLS] free - cash the meeting [SEP]
    assert encoded["labels"] == [-100, 1, -100, -100, 0, 3, -100]


def test_onnx_answers_every_token(bench: Workbench) -> None:
    prepare(bench, "TokenClassification")
    compress(bench, bench.run(training={"steps": 1}), steps=None, gate=None)
    model = OnnxClassifier(bench.artifact("c1") / "model.onnx")
    row = {"input_ids": np.array([[2, 5, 9, 3]] * 2), "attention_mask": np.ones((2, 4), dtype=np.int64)}
    assert model.logits(row).shape == (2, 4, len(examples.TAGS))
    torch_model = AutoModelForTokenClassification.from_pretrained(bench.artifact() / "model").eval()
    with torch.inference_mode():
        expected = torch_model(**{name: torch.from_numpy(value) for name, value in row.items()}).logits.numpy()
    np.testing.assert_allclose(model.logits(row), expected, atol=1e-4)


def test_labels_of_several_kinds_come_from_the_data(bench: Workbench) -> None:
    for name in ("MultiLabelClassification", "TokenClassification"):
        prepare(bench, name)
        bench.run(task={"type": name}, training={"steps": 1}, hash=name[:5].lower())
        task = manifest(bench, name[:5].lower()).task
        assert task is not None
        assert task.labels == sorted(TASKS[name]["labels"])


def rows_of(kind: str) -> list[dict[str, Any]]:
    return ROWS[kind](20, seed=3)


@pytest.mark.parametrize(
    ("kind", "bad", "words"),
    [
        ("Regression", {"label": "many"}, "row 3: label is 'many' instead of a number"),
        ("Regression", {"label": True}, "row 3: label is True"),
        ("Regression", {"label": None}, "row 3: label is empty"),
        ("Regression", {"label": "NaN"}, "row 3: label is 'NaN', which is no finite number"),
        ("Regression", {"text": " "}, "row 3: text is empty"),
        ("MultiLabelClassification", {"label": [["money"]]}, "row 3: the label ['money'] is neither a name"),
        ("TokenClassification", {"label": ["O"]}, "row 3: label has 1 labels for"),
        ("TokenClassification", {"tokens": []}, "row 3: tokens is empty"),
        ("TokenClassification", {"tokens": ["a", ""], "label": ["O", "O"]}, "row 3: word 2 of tokens is ''"),
        ("TokenClassification", {"tokens": 7}, "row 3: tokens is int instead of a list"),
    ],
)  # fmt: skip
def test_bad_rows_are_found_before_anything_is_trained(
    bench: Workbench, kind: str, bad: dict[str, Any], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(bench, kind)
    rows = rows_of(kind)
    rows[2] = {**rows[2], **bad}
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    error = failure(bench)
    assert error.reason == "DatasetInvalid"
    assert "1 bad row" in error.message
    assert words in error.message
    assert {report.phase for report in bench.reports} == {"Fetching", "Preparing"}
    table = next(record.getMessage() for record in caplog.records if "Bad rows of" in record.getMessage())
    head, line = table.splitlines()[1:3]
    assert head.split() == ["row", "column", "value", "reason"]
    assert line.startswith("3 ")


@pytest.mark.parametrize(
    ("kind", "change", "reason", "words"),
    [
        ("Regression", {"label": 1.5}, "DatasetInvalid", "Every row of pvc://spam/data/train.jsonl has the number 1.5"),
        ("MultiLabelClassification", {"label": ["work"]}, "DatasetInvalid", "has the same labels (work)"),
        ("MultiLabelClassification", {"label": ["eggs"]}, "LabelUnknown", '"eggs" in row 1; known are money, work'),
        ("TokenClassification", {"tokens": ["a"], "label": ["O"]}, "DatasetInvalid", "has the label O"),
        ("TokenClassification", {"tokens": ["a"], "label": ["B-X"]}, "LabelUnknown", '"B-X" in row 1'),
    ],
)  # fmt: skip
def test_data_that_teaches_nothing_is_refused(
    bench: Workbench, kind: str, change: dict[str, Any], reason: str, words: str
) -> None:
    prepare(bench, kind)
    tiny.write_rows(bench.claim / "data/train.jsonl", [{**row, **change} for row in rows_of(kind)])
    error = failure(bench)
    assert error.reason == reason
    assert words in error.message


@pytest.mark.parametrize(("kind", "column"), [("Regression", "label"), ("TokenClassification", "tokens")])
def test_a_missing_column_is_told_by_its_role(bench: Workbench, kind: str, column: str) -> None:
    prepare(bench, kind)
    tiny.write_rows(bench.claim / "data/train.jsonl", [{**row, column: None} for row in rows_of(kind)])
    rows = [{name: value for name, value in row.items() if name != column} for row in rows_of(kind)]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    error = failure(bench)
    assert error.reason == "DatasetColumnMissing"
    assert f"spec.dataset.columns.{column}" in error.message


def test_evaluation_targets_that_are_all_the_same_measure_nothing(bench: Workbench) -> None:
    prepare(bench, "Regression")
    tiny.write_rows(bench.claim / "data/test.jsonl", [{"text": "free lunch", "label": 1}] * 3)
    assert "nothing can be measured" in failure(bench).message


def test_balanced_weights_are_the_textbook_ones() -> None:
    assert balanced([6, 3, 0]) == [pytest.approx(0.75), pytest.approx(1.5), 1.0]
    assert balanced_positives([8, 2, 0], rows=8) == [1.0, 3.0, 1.0]
    weights = ClassWeights(weights={"b": 3.0})
    assert by_name(weights, ["a", "b"]) == [1.0, 3.0]
    with pytest.raises(RunError, match="names c, which is no label; there are a, b"):
        by_name(ClassWeights(weights={"c": 3.0}), ["a", "b"])


def test_the_weighted_loss_is_in_full_precision_and_leaves_out_unlabelled_tokens() -> None:
    logits = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0, 1, -100], [1, -100, -100]])
    loss = weighted_cross_entropy([1.0, 4.0])(logits.bfloat16(), labels)
    assert loss.dtype == torch.float32
    each = functional.cross_entropy(logits.bfloat16().float().reshape(-1, 2), labels.reshape(-1), reduction="none")
    assert loss.item() == pytest.approx(((each[0] + 4 * each[1] + 4 * each[3]) / 9).item())


@pytest.mark.parametrize("weights", [{"mode": "Balanced"}, {"weights": {"spam": 20.0}}], ids=["balanced", "by-name"])
def test_weights_make_a_rare_label_count(bench: Workbench, weights: dict[str, Any]) -> None:
    rows = [row for row in tiny.mails(200, seed=1) if row["label"] == "ham"] + [
        row for row in tiny.mails(12, seed=3) if row["label"] == "spam"
    ]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    training = {"steps": 16, "batchSize": 32, "learningRate": 0.002, "seed": 1}
    plain = bench.run(method={"full": {}}, training=training, hash="plain")
    weighted = bench.run(method={"full": {}}, training={**training, "classWeights": weights}, hash="weighted")
    assert plain.metrics.after is not None
    assert weighted.metrics.after is not None
    # Without weights the few are never answered; half of the test rows are theirs.
    assert plain.metrics.after.accuracy.value <= 55
    assert weighted.metrics.after.accuracy.value >= plain.metrics.after.accuracy.value + 10


def test_equal_weights_change_nothing(bench: Workbench) -> None:
    training = {"steps": 3, "learningRate": 0.01, "gradientAccumulationSteps": 2, "batchSize": 4}
    bench.run(training=training, hash="plain")
    bench.run(training={**training, "classWeights": {"weights": {"spam": 1.0}}}, hash="weighted")
    assert losses(bench, "weighted") == pytest.approx(losses(bench, "plain"), abs=1e-5)


@pytest.mark.parametrize("kind", ["MultiLabelClassification", "TokenClassification"])
def test_weights_are_part_of_the_loss_of_other_classifications(bench: Workbench, kind: str) -> None:
    prepare(bench, kind)
    training = {"steps": 2, "learningRate": 0.001}
    bench.run(training=training, hash="plain")
    label = TASKS[kind]["labels"][1]
    bench.run(training={**training, "classWeights": {"weights": {label: 5.0}}}, hash="weighted")
    weighted = losses(bench, "weighted")
    assert weighted != pytest.approx(losses(bench, "plain"), abs=1e-3)
    assert all(np.isfinite(weighted))
