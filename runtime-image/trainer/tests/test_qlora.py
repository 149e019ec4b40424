import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bitsandbytes as bnb
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer, GPT2Config

import tiny
from contract_samples import schemas
from hone.errors import RunError
from hone.methods.base import count_parameters
from hone.methods.qlora.four_bit import FourBit, dequantize, footprint, quantize, weight_of

STEPS = {"steps": 20, "batchSize": 16, "learningRate": 0.02, "seed": 1}
FEW = {"steps": 2, "batchSize": 8, "learningRate": 0.02, "seed": 1}
TEXTS = [row["text"] for row in tiny.mails(16, seed=2)]
CPU = torch.device("cpu")
HEADS = {"bert": 32 * 2 + 2, "distilbert": 32 * 32 + 32 + 32 * 2 + 2, "gpt2": 32 * 2}


def gpt2() -> GPT2Config:
    return GPT2Config(
        vocab_size=31, n_embd=32, n_layer=2, n_head=2, n_positions=64, pad_token_id=0, bos_token_id=2, eos_token_id=3
    )


CONFIGS = {"bert": tiny.bert_config, "distilbert": tiny.distilbert_config, "gpt2": gpt2}


def use_model(bench, config) -> None:
    shutil.rmtree(bench.claim / "models/tiny")
    tiny.save_model(bench.claim / "models/tiny", config)


def batch_of(folder):
    batch = AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt")
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


def failure(bench, **changes) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**changes)
    assert caught.value.exit_code == 64
    return caught.value


def test_qlora_learns_on_a_processor_and_tells_what_its_base_takes(bench):
    tiny.write_rows(bench.claim / "data/train.jsonl", tiny.mails(16, seed=1))
    result = bench.run(method={"qlora": {"rank": 4}}, training=STEPS)
    document = json.loads(result.to_json())
    schemas()["result"].validate(document)
    curve = [json.loads(line)["loss"] for line in (bench.artifact() / "loss.jsonl").read_text().splitlines()]
    assert sum(curve[-5:]) < 0.8 * sum(curve[:5]), curve
    told = document["training"]["quantizedBase"]
    assert told["quantType"] == "NF4"
    # 12 linear layers and the pooler, two numbers in a byte.
    numbers = 2 * (4 * 32 * 32 + 2 * 32 * 64) + 32 * 32
    assert numbers / 2 < told["linearBytes"]
    assert told["linearRatio"] == pytest.approx(told["linearBytes"] / (2 * numbers))
    assert told["linearRatio"] < told["modelRatio"] < 1.2
    assert 0 < told["largestDifference"] < 0.3
    lora = 4 * (2 * (4 * (32 + 32) + 2 * (32 + 64)) + (32 + 32))
    assert result.training.trainable_parameters == lora + HEADS["bert"]
    base = load_file(bench.claim / "models/tiny/model.safetensors")
    assert result.training.total_parameters == lora + 2 * HEADS["bert"] + sum(v.numel() for v in base.values())


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_saved_model_is_the_dequantized_one_with_the_updates(bench, kind):
    use_model(bench, CONFIGS[kind]())
    bench.run(method={"qlora": {"rank": 4, "computeType": "FP32"}}, training=FEW)
    base = AutoModelForSequenceClassification.from_pretrained(bench.claim / "models/tiny", num_labels=2)
    inner = base.base_model
    names = [name for name, module in inner.named_modules() if type(module).__name__ in ("Linear", "Conv1D")]
    frozen = {name: value.clone() for name, value in inner.state_dict().items()}
    quantize(inner, names, FourBit("NF4", True, torch.float32), CPU)
    dequantize(inner, {})
    rounded = inner.state_dict()
    assert all(rounded[name].shape == value.shape for name, value in frozen.items())
    adapted = PeftModel.from_pretrained(base, bench.artifact() / "adapter").eval()
    saved = AutoModelForSequenceClassification.from_pretrained(bench.artifact() / "model").eval()
    with torch.inference_mode():
        batch = batch_of(bench.claim / "models/tiny")
        torch.testing.assert_close(saved(**batch).logits, adapted(**batch).logits, atol=1e-5, rtol=1e-5)

    # Frozen weights: the quantized ones as they dequantize, before the updates; all others keep their bits.
    after = saved.base_model.state_dict()
    touched = {f"{name}.weight" for name in names}
    for name, value in frozen.items():
        if name in touched:
            assert not torch.equal(after[name], value), name
        else:
            assert torch.equal(after[name], value), name
    adapter = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
    assert sum(value.numel() for value in adapter.values()) < 8 * 4 * 6 * 2 * 96 + HEADS[kind]
    assert not any("base_layer" in name or "absmax" in name for name in adapter)


def test_the_base_keeps_its_bits_in_training(bench, monkeypatch):
    seen = {}
    import hone.methods.qlora.method as method

    original = method.QloraFineTuning.apply

    def apply(self, loaded):
        network = original(self, loaded)
        seen["network"] = network
        seen["before"] = frozen_bits(network)
        return network

    monkeypatch.setattr(method.QloraFineTuning, "apply", apply)
    original_save = method.QloraFineTuning.save

    def save(self, model, loaded, output, examples):
        seen["after"] = frozen_bits(seen["network"])
        return original_save(self, model, loaded, output, examples)

    monkeypatch.setattr(method.QloraFineTuning, "save", save)
    bench.run(method={"qlora": {"rank": 2}}, training=FEW)
    assert sum(value.dtype == torch.uint8 for value in seen["before"].values()) == 13
    assert {value.dtype for value in seen["before"].values()} == {torch.uint8, torch.bfloat16, torch.float32}
    assert seen["before"].keys() == seen["after"].keys()
    assert all(torch.equal(value, seen["after"][name]) for name, value in seen["before"].items())


def frozen_bits(network):
    return {name: value.detach().clone() for name, value in network.named_parameters() if not value.requires_grad}


def test_the_saved_model_exports_to_onnx_and_what_was_exported_is_not_trained(bench):
    compressed = bench.run(
        kind="CompressionJob",
        hash="onnx",
        method=None,
        training=None,
        precision=None,
        dataset={},
        task=None,
        model={"uri": bench.run(method={"qlora": {"rank": 4}}, training=FEW).artifact.uri},
        steps=[],
        export={"onnx": {}},
    )
    # The export fails if an answer is more than 1e-4 off.
    assert (bench.artifact("onnx") / "model.onnx").is_file()
    error = failure(bench, method={"qlora": {}}, hash="next", model={"uri": compressed.artifact.uri})
    assert error.reason == "ModelInvalid"
    assert "is ONNX, exported or quantized already" in error.message


@pytest.mark.parametrize("quant_type", ["NF4", "FP4"])
@pytest.mark.parametrize("double_quant", [True, False])
def test_a_quantized_layer_takes_about_a_quarter_and_dequantizes_to_what_it_computes_with(quant_type, double_quant):
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 64, bias=False))
    plain = [model[0].weight.data.clone(), model[2].weight.data.clone()]
    quantize(model, ["0", "2"], FourBit(quant_type, double_quant, torch.float32), CPU)
    took = footprint(model)
    # Half a byte for a number, and a scale for 64 of them: in 32 bits, or in 8 and a little more.
    assert took.linear_ratio == pytest.approx(0.25 + (1 if double_quant else 4) / 64 / 2, abs=0.005)
    assert took.linear_ratio <= 0.3
    weights = [weight_of(model[0]), weight_of(model[2])]
    for before, weight in zip(plain, weights, strict=True):
        assert len(weight.unique()) > 16
        assert 0.05 < (weight - before).norm() / before.norm() < 0.2
    inputs = torch.randn(4, 512)
    quantized = model(inputs)
    assert count_parameters(model)[1] == 512 * 512 + 512 + 512 * 64
    dequantize(model, {"2": torch.ones(64, 512)})
    assert not any(isinstance(module, bnb.nn.Linear4bit) for module in model.modules())
    assert torch.equal(model[0].weight, weights[0])
    assert torch.equal(model[2].weight, weights[1] + 1)
    model[2].weight.data -= 1
    torch.testing.assert_close(model(inputs), quantized, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("qlora", "mode"),
    [
        ({"quantType": "FP4", "doubleQuant": False}, "BF16"),
        ({"computeType": "FP16"}, "FP16"),
        ({"optimizer": "AdamW8bit", "dropout": 0.1, "targets": ["query", "value"]}, "FP32"),
    ],
    ids=["fp4", "fp16", "adamw8bit"],
)
def test_every_option_trains(bench, qlora, mode):
    result = bench.run(method={"qlora": {"rank": 2, **qlora}}, precision={"mode": mode}, training=FEW)
    assert result.training.quantized_base.quant_type == qlora.get("quantType", "NF4")
    adapter = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
    assert all(value.dtype == torch.float32 for value in adapter.values())
    if "targets" in qlora:
        assert {name.split(".")[-3] for name in adapter if "lora_A" in name} == {"query", "value"}


def test_gradient_checkpointing_changes_nothing_but_memory(bench):
    method = {"qlora": {"rank": 2, "computeType": "FP32"}}
    bench.run(method=method, training=FEW, hash="plain")
    bench.run(method=method, training={**FEW, "gradientCheckpointing": True}, hash="saving")
    one, other = (load_file(bench.artifact(name) / "model/model.safetensors") for name in ("plain", "saving"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_adapter_alone_is_kept_without_a_distance(bench):
    result = bench.run(
        method={"qlora": {"rank": 2}}, training=FEW, output={"uri": "pvc://spam/artifacts", "merge": False}
    )
    assert not (bench.artifact() / "model").exists()
    assert result.training.quantized_base.largest_difference is None
    assert result.metrics.after.samples == 64


def test_targets_that_the_model_lacks_are_refused(bench):
    error = failure(bench, method={"qlora": {"targets": ["qkv"]}})
    assert "spec.method.qlora.targets names qkv" in error.message


@pytest.mark.parametrize("optimizer", ["PagedAdamW", "PagedAdamW8bit"])
def test_an_optimizer_that_has_nothing_to_page_is_refused(bench, optimizer, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    error = failure(bench, method={"qlora": {"optimizer": optimizer}})
    assert error.reason == "ConfigInvalid"
    assert f"this pod has no GPU; write {optimizer.removeprefix('Paged')}, or ask for a GPU" in error.message


def test_a_model_that_is_quantized_already_is_refused_before_data_is_read(bench):
    path = bench.claim / "models/tiny/config.json"
    config = json.loads(path.read_text())
    path.write_text(
        json.dumps({**config, "quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}})
    )
    (bench.claim / "data/train.jsonl").unlink()
    error = failure(bench, method={"qlora": {}})
    assert error.reason == "ModelInvalid"
    assert "is quantized already" in error.message


@pytest.mark.parametrize(("use", "dtype", "near"), [("Triton", "float32", 1e-5), ("Reference", "bfloat16", 8e-3)])
def test_the_fused_layer_answers_and_learns_as_peft_s(use, dtype, near):
    driver = Path(__file__).with_name("fused_driver.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    if use == "Triton":
        # The kernel itself, in Triton's interpreter.
        environment["TRITON_INTERPRET"] = "1"
    done = subprocess.run([sys.executable, driver, use, dtype], env=environment, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    assert len(found) == 8
    for one in found:
        assert one["computed"] == use
        assert one["same"], one
        assert one["largest"] < near, one


def test_a_processor_trains_as_before_and_says_so(bench):
    tiny.write_rows(bench.claim / "data/train.jsonl", tiny.mails(16, seed=1))
    result = bench.run(method={"qlora": {"rank": 4}}, training=FEW)
    kernels = {kernel.operation: kernel for kernel in result.training.kernels}
    assert kernels["four_bit_linear"].implementation == "Reference"
    assert kernels["four_bit_linear"].reason == "the tensors are on cpu"
    config = json.loads((bench.artifact() / "adapter/adapter_config.json").read_text())
    assert config["peft_type"] == "LORA"
    assert not any("custom" in key for key in config)
