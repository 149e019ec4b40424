"""CompressionJobs of language models and image classifiers that a FineTuneJob made."""

import json
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoImageProcessor, AutoModelForCausalLM, AutoModelForImageClassification

import tiny_images
import tiny_language
from conftest import Workbench
from contract_samples import schemas
from hone.contract import Manifest
from hone.errors import RunError
from test_compress import DYNAMIC, compression
from test_finetune_images import gallery, images  # noqa: F401 - a fixture
from test_finetune_language import language, talker  # noqa: F401 - a fixture


def chain(bench: Workbench, tuned: Any, columns: dict[str, str] | None = None, **changes: Any) -> Any:
    dataset = {"evaluation": changes.pop("evaluation", {"uri": "pvc://spam/data/test.jsonl"})}
    if columns is not None:
        dataset["columns"] = columns
    model = {"uri": tuned.artifact.uri, "digest": tuned.artifact.digest}
    result = bench.run(**compression(bench, model=model, dataset=dataset, **changes))
    schemas()["result"].validate(json.loads(result.to_json()))
    schemas()["manifest"].validate(
        json.loads((bench.artifact(changes.get("hash", "c1")) / "manifest.json").read_bytes())
    )
    return result


@pytest.mark.parametrize("config", [tiny_language.llama_config(), tiny_language.gpt2_config()], ids=["llama", "gpt2"])
def test_a_language_model_from_training_to_int8(bench: Workbench, config: Any) -> None:
    tiny_language.save_model(bench.claim / "models/language", config)
    tuned = bench.run(**language(bench))
    columns = {"prompt": "question", "completion": "answer"}
    gate = {"metric": {"name": "perplexity", "maxDrop": 2.0}}
    result = chain(bench, tuned, columns, gate=gate)
    before, after, comparison = result.metrics.before, result.metrics.after, result.metrics.comparison
    # The graph in FP32 predicts as PyTorch did.
    trained = tuned.metrics.after.metrics["perplexity"].value
    assert before.metrics["perplexity"].value == pytest.approx(trained, rel=1e-3)
    rise = comparison.metric_drops["perplexity"]
    assert rise.value == pytest.approx(after.metrics["perplexity"].value - before.metrics["perplexity"].value)
    assert rise.low <= rise.value <= rise.high < 2
    assert comparison.agreement > 0.9
    assert comparison.size_ratio < 0.95
    assert comparison.speedup is not None

    artifact = bench.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert (manifest.task.type, manifest.task.max_length) == ("CausalLM", 64)
    assert {entry.path for entry in manifest.files} == {
        "model.onnx",
        "tokenizer.json",
        "config.json",
        "compression.json",
    }
    session = onnxruntime.InferenceSession(artifact / "model.onnx", providers=["CPUExecutionProvider"])
    assert {entry.name for entry in session.get_inputs()} == {"input_ids", "attention_mask"}
    tokenizer = Tokenizer.from_file(str(artifact / "tokenizer.json"))
    ids = np.array([tokenizer.encode("green?").ids], dtype=np.int64)
    for _ in range(4):
        logits = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
        assert logits.shape == (1, ids.shape[1], config.vocab_size)
        ids = np.concatenate([ids, logits[:, -1:].argmax(-1)], axis=1)
    assert tokenizer.decode(list(ids[0]), skip_special_tokens=False) == "green? go<|end|>"


def test_an_exported_language_model_agrees_at_any_batch_and_length(talker: Workbench) -> None:  # noqa: F811
    tuned = talker.run(**language(talker, training={"steps": 2, "learningRate": 0.01}))
    chain(talker, tuned, {"prompt": "question", "completion": "answer"}, steps=None)
    network = AutoModelForCausalLM.from_pretrained(talker.artifact() / "model").eval()
    session = onnxruntime.InferenceSession(talker.artifact("c1") / "model.onnx", providers=["CPUExecutionProvider"])
    for batch, length in ((1, 1), (1, 2), (5, 1), (3, 17), (2, 128)):
        ids = np.random.default_rng(length).integers(3, 200, (batch, length))
        mask = np.ones_like(ids)
        mask[0, length // 2 + 1 :] = 0
        with torch.inference_mode():
            expected = network(input_ids=torch.tensor(ids), attention_mask=torch.tensor(mask)).logits.numpy()
        found = session.run(["logits"], {"input_ids": ids, "attention_mask": mask})[0]
        counted = mask.astype(bool)
        assert np.abs(found - expected)[counted].max() < 1e-4


def test_without_columns_a_language_model_cannot_be_measured(talker: Workbench) -> None:  # noqa: F811
    tuned = talker.run(**language(talker, training={"steps": 1, "learningRate": 0.01}))
    with pytest.raises(RunError, match="exactly one kind of data"):
        chain(talker, tuned)


FOLDER = {"uri": "pvc://spam/data/test"}


def test_a_resnet_from_training_to_int8(gallery: Workbench) -> None:  # noqa: F811
    training = {"steps": 30, "batchSize": 16, "learningRate": 0.003, "seed": 1}
    tuned = gallery.run(**images(training=training))
    result = chain(gallery, tuned, evaluation=FOLDER, gate={"maxAccuracyDrop": 5.0})
    assert result.metrics.before.accuracy.value == pytest.approx(tuned.metrics.after.accuracy.value, abs=1)
    assert result.metrics.comparison.accuracy_drop.value < 5
    assert any("Conv stay, the first at" in warning for warning in result.warnings)
    artifact = gallery.artifact("c1")
    manifest = Manifest.model_validate_json((artifact / "manifest.json").read_bytes())
    assert manifest.task.labels == tiny_images.NAMES
    assert (manifest.task.image.height, manifest.task.image.resize_shortest_edge) == (28, 32)
    assert {entry.path for entry in manifest.files} == {
        "model.onnx",
        "preprocessor_config.json",
        "config.json",
        "compression.json",
    }


def test_a_vit_shrinks_and_agrees_at_any_batch_size(gallery: Workbench) -> None:  # noqa: F811
    tiny_images.save_model(gallery.claim / "models/checkpoint", tiny_images.vit_config())
    model = {"uri": "pvc://spam/models/checkpoint"}
    tuned = gallery.run(**images(model=model, training={"steps": 60, "batchSize": 16, "learningRate": 0.01}))
    plain = chain(gallery, tuned, evaluation=FOLDER, steps=None)
    assert plain.metrics.comparison.accuracy_drop.value == 0
    folder = gallery.artifact() / "model"
    network = AutoModelForImageClassification.from_pretrained(folder).eval()
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    session = onnxruntime.InferenceSession(gallery.artifact("c1") / "model.onnx", providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    assert (entry.name, entry.type, entry.shape[1:]) == ("pixel_values", "tensor(float)", [3, 16, 16])
    pictures = [image.convert("RGB") for image, _ in tiny_images.digits(9)]
    for count in (1, 2, 9):
        batch = processor(pictures[:count], return_tensors="pt")
        with torch.inference_mode():
            expected = network(**batch).logits.numpy()
        found = session.run(["logits"], {"pixel_values": batch["pixel_values"].numpy()})[0]
        assert np.abs(found - expected).max() < 1e-4
    smaller = chain(gallery, tuned, evaluation=FOLDER, steps=DYNAMIC, hash="c2")
    assert smaller.metrics.comparison.size_ratio < 0.9
    assert smaller.metrics.comparison.accuracy_drop.value < 5
