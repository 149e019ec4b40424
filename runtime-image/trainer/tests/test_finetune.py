import json
import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import tiny
from contract_samples import schemas
from hone.contract import Manifest
from hone.contract.method import Method
from hone.errors import RunError
from hone.methods import FineTuningMethod, method_for

LORA = {"lora": {"rank": 4, "alpha": 8}}


def failure(bench, **changes) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**changes)
    return caught.value


def losses(bench, run_hash: str = "abc123") -> list[float]:
    return [json.loads(line)["loss"] for line in (bench.artifact(run_hash) / "loss.jsonl").read_text().splitlines()]


def weights(bench, run_hash: str = "abc123", name: str = "model/model.safetensors") -> dict[str, torch.Tensor]:
    return load_file(bench.artifact(run_hash) / name)


@pytest.mark.parametrize("method", [LORA, {"full": {}}], ids=["lora", "full"])
def test_a_run_learns_and_its_artifact_is_whole(bench, method):
    rate = 0.01 if "lora" in method else 0.003
    result = bench.run(method=method, training={**bench.document["training"], "learningRate": rate})
    schemas()["result"].validate(json.loads(result.to_json()))
    assert not result.reused
    curve = losses(bench)
    assert len(curve) == 36
    assert sum(curve[-6:]) / 6 < 0.9 * sum(curve[:6]) / 6
    after = result.metrics.after
    assert after.accuracy.low < after.accuracy.value < after.accuracy.high
    assert after.accuracy.low > 50
    assert after.samples == 64
    assert after.size_bytes == (bench.artifact() / "model/model.safetensors").stat().st_size
    assert [entry.role for entry in result.lineage] == ["Model", "TrainData", "EvaluationData"]
    assert [phase.name for phase in result.phases] == ["Fetching", "Preparing", "Training", "Saving", "Evaluating"]
    assert result.training.steps == 36

    document = json.loads((bench.artifact() / "manifest.json").read_bytes())
    schemas()["manifest"].validate(document)
    manifest = Manifest.model_validate_json((bench.artifact() / "manifest.json").read_bytes())
    assert (manifest.format, manifest.model_path) == ("Transformers", "model")
    assert manifest.task.labels == ["ham", "spam"]
    assert not (bench.claim / "artifacts/.checkpoints").exists()
    for report in bench.reports:
        schemas()["progress"].validate(json.loads(report.to_json()))
    steps = [report.step for report in bench.reports if report.step]
    assert steps == list(range(1, 37))
    assert bench.reports[-1].percent == 100.0


def test_the_saved_model_is_the_measured_one_and_the_adapter_gives_the_same(bench):
    result = bench.run(method=LORA)
    folder = bench.artifact()
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    merged = AutoModelForSequenceClassification.from_pretrained(folder / "model").eval()
    torch.manual_seed(1)
    base = AutoModelForSequenceClassification.from_pretrained(bench.claim / "models/tiny", num_labels=2)
    adapted = PeftModel.from_pretrained(base, folder / "adapter").eval()
    rows = tiny.mails(64, seed=2)
    batch = tokenizer([row["text"] for row in rows], padding=True, truncation=True, max_length=32, return_tensors="pt")
    with torch.inference_mode():
        logits = merged(**batch).logits
        torch.testing.assert_close(adapted(**batch).logits, logits, atol=1e-5, rtol=1e-4)
    correct = sum(
        merged.config.id2label[int(top)] == row["label"] for top, row in zip(logits.argmax(1), rows, strict=True)
    )
    assert result.metrics.after.accuracy.value == pytest.approx(100 * correct / 64)


def test_frozen_weights_keep_their_bits(bench):
    result = bench.run(method=LORA, output={"uri": "pvc://spam/artifacts", "merge": False})
    adapter = weights(bench, name="adapter/adapter_model.safetensors")
    assert result.training.trainable_parameters == sum(tensor.numel() for tensor in adapter.values())
    assert all("lora_" in name or "classifier" in name for name in adapter)
    assert not (bench.artifact() / "model").exists()

    # What LoRA does not touch is in the merged model as it was in the base, bit for bit.
    bench.run(method=LORA, hash="merged")
    base = load_file(bench.claim / "models/tiny/model.safetensors")
    merged = weights(bench, "merged")
    untouched = [name for name in base if "LayerNorm" in name or "embeddings" in name or name.endswith(".bias")]
    assert len(untouched) > 20
    for name in untouched:
        assert torch.equal(merged[f"bert.{name}"], base[name]), name
    changed = [name for name in base if not torch.equal(merged[f"bert.{name}"], base[name])]
    assert any("attention.self.query.weight" in name for name in changed)
    assert any("intermediate.dense.weight" in name for name in changed)


def test_the_same_seed_gives_the_same_bits_and_another_one_others(bench):
    bench.run(hash="one")
    bench.run(hash="two")
    bench.run(hash="three", training={**bench.document["training"], "seed": 2})
    one, two, three = (weights(bench, run_hash) for run_hash in ("one", "two", "three"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert losses(bench, "one") == losses(bench, "two") != losses(bench, "three")
    assert not all(torch.equal(one[name], three[name]) for name in one)
    assert (bench.artifact("one") / "adapter/adapter_config.json").read_bytes() == (
        bench.artifact("two") / "adapter/adapter_config.json"
    ).read_bytes()


def test_accumulation_is_a_larger_batch(bench):
    no_dropout = json.loads((bench.claim / "models/tiny/config.json").read_bytes())
    no_dropout.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (bench.claim / "models/tiny/config.json").write_text(json.dumps(no_dropout))
    training = {"steps": 4, "learningRate": 0.01, "seed": 1, "schedule": "Constant"}
    # Equal lengths: a mean of means is the mean only if padding is the same everywhere.
    rows = [{**row, "text": " ".join(row["text"].split()[:5])} for row in tiny.mails(96, seed=1)]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows)
    bench.run(method={"full": {}}, hash="whole", training={**training, "batchSize": 8})
    bench.run(method={"full": {}}, hash="parts", training={**training, "batchSize": 4, "gradientAccumulationSteps": 2})
    assert losses(bench, "parts") == pytest.approx(losses(bench, "whole"), abs=1e-5)


@pytest.mark.parametrize(
    "lora",
    [{"rsLora": True}, {"dora": True}, {"bias": "All"}, {"dropout": 0.1}, {"targets": ["query", "value"]}],
    ids=lambda lora: next(iter(lora)),
)
def test_every_option_of_lora_trains(bench, lora):
    result = bench.run(method={"lora": {"rank": 2, **lora}}, training={"steps": 3, "learningRate": 0.01})
    adapter = weights(bench, name="adapter/adapter_model.safetensors")
    if "targets" in lora:
        assert {name.split(".")[-3] for name in adapter if "lora_A" in name} == {"query", "value"}
    if lora.get("dora"):
        assert any("lora_magnitude_vector" in name for name in adapter)
    if lora.get("bias"):
        assert any(name.endswith("attention.self.query.base_layer.bias") for name in adapter)
    assert result.training.steps == 3


def test_a_model_type_without_defaults_finds_its_own_layers_and_trains_its_whole_head(bench):
    shutil.rmtree(bench.claim / "models/tiny")
    tiny.save_model(bench.claim / "models/tiny", tiny.distilbert_config())
    bench.run(method={"lora": {"rank": 2}}, training={"steps": 2, "learningRate": 0.01})
    adapter = weights(bench, name="adapter/adapter_model.safetensors")
    assert any("q_lin.lora_A" in name for name in adapter)
    assert any("pre_classifier.weight" in name for name in adapter)
    assert not any("classifier.lora" in name for name in adapter)


def test_a_finished_artifact_is_reused_and_nothing_is_run(bench):
    first = bench.run()
    written = (bench.artifact() / "manifest.json").stat().st_mtime_ns
    bench.reports.clear()
    again = bench.run()
    assert again.reused
    assert again == first.model_copy(update={"reused": True})
    assert bench.reports == []
    assert (bench.artifact() / "manifest.json").stat().st_mtime_ns == written


def test_an_artifact_is_the_model_of_the_next_run_and_a_corrupt_one_is_not(bench):
    first = bench.run()
    model = {"uri": first.artifact.uri, "digest": first.artifact.digest}
    second = bench.run(model=model, hash="next", training={"steps": 1, "learningRate": 1e-5})
    assert second.lineage[0].digest == first.artifact.digest
    # The head goes on from where it was.
    assert second.metrics.after.accuracy.value == pytest.approx(first.metrics.after.accuracy.value, abs=5)

    path = bench.artifact() / "model/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    error = failure(bench, model=model, hash="broken")
    assert error.reason == "ArtifactCorrupt"
    assert error.exit_code == 64
    assert "model/model.safetensors is corrupt: expected sha256" in error.message


def test_without_evaluation_data_nothing_is_claimed(bench):
    result = bench.run(dataset={"train": bench.document["dataset"]["train"]}, training={"steps": 1})
    assert result.metrics.after is None
    assert "accuracy" in result.warnings[0]


def test_labels_may_come_from_the_data(bench):
    bench.run(task={"type": "TextClassification"}, training={"steps": 1})
    manifest = Manifest.model_validate_json((bench.artifact() / "manifest.json").read_bytes())
    assert manifest.task.labels == ["ham", "spam"]
    assert manifest.task.max_length == 64


@pytest.mark.parametrize("choice", [field.alias for field in Method.model_fields.values()])
def test_every_method_of_the_contract_has_its_executor(bench, choice):
    assert isinstance(method_for(bench.config(method={choice: {}})), FineTuningMethod)


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"model": {"uri": "pvc://spam/models/none"}}, "ModelNotFound", "pvc://spam/models holds tiny/"),
        ({"model": {"uri": "oci://registry/Model"}}, "ConfigInvalid", "names no artifact of a registry; write oci://"),
        ({"dataset": {"train": {"uri": "pvc://spam/data/no.jsonl"}}}, "DatasetNotFound", "holds test.jsonl, train"),
        ({"dataset": {}}, "ConfigInvalid", "spec.dataset.train"),
        ({"task": {"type": "TextClassification", "labels": ["ham"]}}, "ConfigInvalid", "two labels"),
        ({"task": {"type": "TextClassification", "labels": ["a", "a"]}}, "ConfigInvalid", "twice"),
        ({"task": {"type": "TextClassification", "labels": ["ham", "eggs"]}}, "LabelUnknown", '"spam" in row 2'),
        ({"task": {"type": "TextClassification", "maxLength": 65}}, "ConfigInvalid", "64 positions; write 64 or less"),
        ({"method": {"lora": {"targets": ["qkv"]}}}, "ConfigInvalid", "it has dense, key, query, value"),
        ({"method": {"full": {}}, "output": {"uri": "pvc://spam/x", "merge": False}}, "ConfigInvalid", "merge"),
        ({"output": {"uri": "pvc://other/x"}}, "OutputNotWritable", "PersistentVolumeClaim other"),
        ({"output": {"uri": "pvc://spam/data/train.jsonl"}}, "OutputNotWritable", "is a file"),
    ],
)
def test_bad_input_gets_a_sentence_and_no_retry(bench, changes, reason, words):
    error = failure(bench, **changes)
    assert error.reason == reason
    assert error.exit_code == 64
    assert words in error.message
    assert not (bench.artifact() / "manifest.json").exists()


def test_a_missing_column_is_found_before_the_model_is_loaded(bench):
    columns = {"text": "text", "label": "class"}
    error = failure(bench, dataset={**bench.document["dataset"], "columns": columns})
    assert error.reason == "DatasetColumnMissing"
    assert 'no column "class"; it has text, label' in error.message
    assert {report.phase for report in bench.reports} == {"Fetching", "Preparing"}


def test_data_with_one_label_teaches_nothing(bench):
    tiny.write_rows(bench.claim / "data/train.jsonl", [row for row in tiny.mails(20, 1) if row["label"] == "ham"])
    error = failure(bench)
    assert error.reason == "DatasetInvalid"
    assert "holds only the label ham" in error.message


def test_pickled_weights_are_refused(bench):
    folder = bench.claim / "models/tiny"
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    error = failure(bench)
    assert error.reason == "ModelInvalid"
    assert "pickle" in error.message


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_broken_model_folder_is_told(bench, name):
    (bench.claim / "models/tiny" / name).write_bytes(b"broken")
    error = failure(bench)
    assert error.reason == "ModelInvalid"
    assert "pvc://spam/models/tiny" in error.message


def test_a_training_that_diverges_says_so(bench):
    path = bench.claim / "models/tiny/model.safetensors"
    save_file({name: tensor * 1e30 for name, tensor in load_file(path).items()}, path, metadata={"format": "pt"})
    error = failure(bench, method={"full": {}}, training={"steps": 2})
    assert error.reason == "ConfigInvalid"
    assert "learningRate" in error.message
