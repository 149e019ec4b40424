import json
import shutil

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    BartConfig,
    RobertaConfig,
)

import tiny
from hone.compress.model import load
from hone.contract import Manifest
from hone.errors import RunError
from hone.export import export_classifier
from hone.methods import method_for
from hone.models import from_pretrained
from hone.models.virtual_tokens import Prefix, Prompt, Table
from hone.store import Store
from hone.tasks import Loaded

TOKENS = 4
METHODS = {
    "prefix": {"prefixTuning": {"virtualTokens": TOKENS}},
    "prefix-projection": {"prefixTuning": {"virtualTokens": TOKENS, "projection": True}},
    "prompt": {"promptTuning": {"virtualTokens": TOKENS}},
    "prompt-text": {"promptTuning": {"virtualTokens": TOKENS, "initText": "free cash or a meeting"}},
    "p-tuning-mlp": {"promptTuning": {"virtualTokens": TOKENS, "encoder": "MLP"}},
    "p-tuning-lstm": {"promptTuning": {"virtualTokens": TOKENS, "encoder": "LSTM"}},
}
# Two layers of width 32; keys and values of both. The head has 32 · 2 + 2 parameters.
HEAD = 66
PREFIX, PROMPT, SQUARE = TOKENS * 2 * 2 * 32, TOKENS * 32, 32 * 32 + 32
TRAINED = {
    "prefix": PREFIX,
    "prefix-projection": PROMPT + SQUARE + 32 * 128 + 128,
    "prompt": PROMPT,
    "prompt-text": PROMPT,
    "p-tuning-mlp": PROMPT + 3 * SQUARE,
    # Two layers of an LSTM in both directions, then a network of two layers.
    "p-tuning-lstm": PROMPT + 2 * (4 * 32 * 64 + 8 * 32) + 2 * (4 * 32 * 96 + 8 * 32) + 64 * 64 + 64 + 64 * 32 + 32,
}
STEPS = {"steps": 20, "batchSize": 16, "learningRate": 0.03, "seed": 1}
FEW = {"steps": 2, "batchSize": 8, "learningRate": 0.02, "seed": 1}
TEXTS = [row["text"] for row in tiny.mails(16, seed=2)]


def use_model(bench, config) -> None:
    shutil.rmtree(bench.claim / "models/tiny")
    tiny.save_model(bench.claim / "models/tiny", config)


def batch_of(folder, texts=TEXTS, **names):
    batch = AutoTokenizer.from_pretrained(folder)(
        texts, padding=True, truncation=True, max_length=32, return_tensors="pt"
    )
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


def saved_model(bench):
    model, info = from_pretrained(AutoModelForSequenceClassification, bench.artifact() / "model")
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    return model.eval()


def failure(bench, **changes) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**changes)
    assert caught.value.exit_code == 64
    return caught.value


@pytest.mark.parametrize("kind", METHODS)
def test_virtual_tokens_learn_while_everything_else_keeps_its_bits(bench, kind):
    # One batch holds all, so that its loss falls with every step but for the dropout.
    tiny.write_rows(bench.claim / "data/train.jsonl", tiny.mails(16, seed=1))
    result = bench.run(method=METHODS[kind], training=STEPS)
    assert result.training.trainable_parameters == TRAINED[kind] + HEAD
    curve = [json.loads(line)["loss"] for line in (bench.artifact() / "loss.jsonl").read_text().splitlines()]
    assert sum(curve[-5:]) < 0.95 * sum(curve[:5]), curve

    base = load_file(bench.claim / "models/tiny/model.safetensors")
    after = load_file(bench.artifact() / "model/model.safetensors")
    assert set(after) == {f"bert.{name}" for name in base} | {
        "bert.hone_virtual_tokens.source.weight",
        "classifier.weight",
        "classifier.bias",
    }
    assert len(base) > 30
    for name, value in base.items():
        assert torch.equal(after[f"bert.{name}"], value), name

    adapter = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
    assert set(adapter) == {"prompt_embeddings", "base_model.classifier.weight", "base_model.classifier.bias"}
    assert torch.equal(adapter["prompt_embeddings"], after["bert.hone_virtual_tokens.source.weight"])
    assert torch.equal(adapter["base_model.classifier.weight"], after["classifier.weight"])


@pytest.mark.parametrize(
    ("kind", "config"),
    [*((kind, tiny.bert_config) for kind in METHODS), ("prefix", tiny.llama_config), ("prompt", tiny.llama_config)],
)
def test_the_adapter_is_what_peft_reads_and_the_whole_model_answers_alike(bench, kind, config):
    use_model(bench, config())
    bench.run(method=METHODS[kind], training=FEW)
    torch.manual_seed(3)
    base = AutoModelForSequenceClassification.from_pretrained(bench.claim / "models/tiny", num_labels=2)
    peft = PeftModel.from_pretrained(base, bench.artifact() / "adapter").eval()
    saved = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
    assert torch.equal(peft.prompt_encoder["default"].embedding.weight, saved["prompt_embeddings"])
    ours = saved_model(bench)
    with torch.inference_mode():
        # One by one: PEFT's prompt tuning of a decoder takes padding for text.
        for text in TEXTS[:4]:
            batch = batch_of(bench.claim / "models/tiny", [text])
            torch.testing.assert_close(ours(**batch).logits, peft(**batch).logits, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["prefix", "prompt"])
@pytest.mark.parametrize("config", [tiny.bert_config, tiny.llama_config], ids=["bert", "llama"])
def test_an_answer_does_not_depend_on_the_padding(bench, kind, config):
    use_model(bench, config())
    bench.run(method=METHODS[kind], training=FEW)
    model, folder = saved_model(bench), bench.artifact() / "model"
    with torch.inference_mode():
        together = model(**batch_of(folder)).logits
        alone = torch.cat([model(**batch_of(folder, [text])).logits for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


def test_the_saved_model_is_compressed_with_its_virtual_tokens(bench, tmp_path):
    result = bench.run(method=METHODS["p-tuning-lstm"], training=FEW)
    config = bench.config(kind="CompressionJob", method=None, training=None, task=None, export={"onnx": {}})
    source = Store.of(config).model(config.model.model_copy(update={"uri": result.artifact.uri}))
    classifier = load(config, source)
    batch = classifier.tokenizer(TEXTS, truncation=True, max_length=32)
    rows = [
        {name: torch.tensor([batch[name][index]]).numpy() for name in ("input_ids", "attention_mask")}
        for index in range(len(TEXTS))
    ]
    exported = export_classifier(classifier.network, rows, tmp_path / "model.onnx", opset=20, pad_id=0)
    assert exported.parity.largest_difference < 1e-4
    # What the export is compared with is what was trained: without the virtual tokens the answers are others.
    plain = AutoModelForSequenceClassification.from_pretrained(bench.artifact() / "model").eval()
    with torch.inference_mode():
        inputs = batch_of(bench.artifact() / "model")
        assert (plain(**inputs).logits - classifier.network(**inputs).logits).abs().max() > 1e-3


def test_a_model_type_without_defaults_gets_a_prompt_and_trains_its_whole_head(bench):
    use_model(bench, tiny.distilbert_config())
    bench.run(method=METHODS["prompt"], training=FEW)
    adapter = load_file(bench.artifact() / "adapter/adapter_model.safetensors")
    assert "base_model.pre_classifier.weight" in adapter
    base = load_file(bench.claim / "models/tiny/model.safetensors")
    after = load_file(bench.artifact() / "model/model.safetensors")
    assert all(torch.equal(after[f"distilbert.{name}"], value) for name, value in base.items())


@pytest.mark.parametrize("mode", ["BF16", "FP16"])
@pytest.mark.parametrize("kind", ["prefix-projection", "p-tuning-lstm"])
def test_virtual_tokens_train_in_mixed_precision(bench, kind, mode):
    result = bench.run(method=METHODS[kind], training=FEW, precision={"mode": mode})
    assert result.training.final_loss < 10


def test_a_prompt_trains_with_gradient_checkpointing_as_without(bench):
    bench.run(method=METHODS["prompt"], training=FEW, hash="plain")
    bench.run(method=METHODS["prompt"], training={**FEW, "gradientCheckpointing": True}, hash="saving")
    one, other = (load_file(bench.artifact(name) / "model/model.safetensors") for name in ("plain", "saving"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_prompt_starts_from_the_text(bench):
    model, words = started(bench, {"promptTuning": {"virtualTokens": 3, "initText": "free lunch"}})
    free, lunch = (tiny.VOCABULARY.index(word) for word in ("free", "lunch"))
    assert torch.equal(model.bert.hone_virtual_tokens.source(), words[[free, lunch, free]])


def test_a_prompt_without_a_text_starts_from_words(bench):
    model, words = started(bench, {"promptTuning": {}})
    prompt = model.bert.hone_virtual_tokens.source()
    assert prompt.shape == (20, 32)
    assert all((words == row).all(dim=1).any() for row in prompt)


def started(bench, method):
    torch.manual_seed(1)
    folder = bench.claim / "models/tiny"
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    loaded = Loaded(model, AutoTokenizer.from_pretrained(folder), frozenset())
    return method_for(bench.config(method=method)).apply(loaded), model.get_input_embeddings().weight


def test_virtual_tokens_take_positions_from_the_text(bench):
    method = {"promptTuning": {"virtualTokens": 20}}
    task = {"type": "TextClassification", "labels": ["ham", "spam"]}
    error = failure(bench, method=method, task={**task, "maxLength": 45})
    assert "64 positions less the 20 virtual tokens; write 44 or less" in error.message
    error = failure(bench, method={"prefixTuning": {"virtualTokens": 64}}, task=task)
    assert "takes 64 virtual tokens, but pvc://spam/models/tiny has 64 positions; write fewer" in error.message
    tiny.write_rows(bench.claim / "data/train.jsonl", [{**row, "text": row["text"] * 30} for row in tiny.mails(16, 1)])
    result = bench.run(method=method, task=task, training=FEW)
    manifest = Manifest.model_validate_json((bench.artifact() / "manifest.json").read_bytes())
    assert manifest.task.max_length == 44

    # The next run finds them in the model.
    again = {"uri": result.artifact.uri}
    error = failure(bench, model=again, hash="next", method={"lora": {}}, task={**task, "maxLength": 45})
    assert "has 44 positions; write 44 or less" in error.message
    error = failure(bench, model=again, hash="next", method=METHODS["prompt"], task=task)
    assert "has 20 virtual tokens already" in error.message
    tuned = bench.run(model=again, hash="next", method={"lora": {"rank": 2}}, task=task, training=FEW)
    assert tuned.training.trainable_parameters < 5000
    first, second = (load_file(bench.artifact(name) / "model/model.safetensors") for name in ("abc123", "next"))
    assert torch.equal(
        first["bert.hone_virtual_tokens.source.weight"], second["bert.hone_virtual_tokens.source.weight"]
    )


@pytest.mark.parametrize("kind", ["prefix", "prompt"])
def test_positions_start_where_a_model_counts_from(bench, kind):
    # RoBERTa counts from behind its padding index, so 66 positions hold 64 tokens.
    use_model(
        bench,
        RobertaConfig(
            vocab_size=31,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=66,
            pad_token_id=1,
        ),
    )
    tiny.write_rows(bench.claim / "data/train.jsonl", [{**row, "text": row["text"] * 30} for row in tiny.mails(16, 1)])
    bench.run(method=METHODS[kind], task={"type": "TextClassification"}, training=FEW)
    manifest = Manifest.model_validate_json((bench.artifact() / "manifest.json").read_bytes())
    assert manifest.task.max_length == 60


def bart() -> BartConfig:
    return BartConfig(
        vocab_size=31,
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=64,
    )


@pytest.mark.parametrize(
    ("method", "config", "words"),
    [
        ("prefix", bart, "(bart) is both; choose lora"),
        ("p-tuning-mlp", bart, "(bart) is both; choose lora"),
        ("prefix", tiny.distilbert_config, "(distilbert) takes no past keys and values"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_before_data_is_read(bench, method, config, words):
    use_model(bench, config())
    (bench.claim / "data/train.jsonl").unlink()
    error = failure(bench, method=METHODS[method])
    assert error.reason == "ModelInvalid"
    assert words in error.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": METHODS["prefix"], "training": {**FEW, "gradientCheckpointing": True}}, "gradientCheckpointing"),
        ({"method": {"promptTuning": {"initText": "spam", "encoder": "MLP"}}}, "remove one of them"),
        ({"method": {"promptTuning": {"initText": "  "}}}, "has no token in it"),
    ],
)
def test_what_does_not_fit_together_is_refused(bench, changes, words):
    error = failure(bench, **changes)
    assert error.reason == "ConfigInvalid"
    assert words in error.message


@pytest.mark.parametrize("kind", ["prefix", "prompt"])
def test_a_language_model_s_loss_is_that_of_peft(bench, kind):
    use_model(bench, tiny.llama_config())
    loaded, config = language_model(bench, METHODS[kind])
    method = method_for(config)
    model = method.apply(loaded)
    batch = batch_of(bench.claim / "models/tiny")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    # PEFT's last virtual token has to tell the first of the text as well.
    labels[:, 0] = -100
    output = model.eval()(**batch, labels=labels)
    assert output.logits.shape[:2] == labels.shape
    method.save(model, loaded, bench.claim / "out", batch)
    fresh, _ = language_model(bench, METHODS[kind])
    peft = PeftModel.from_pretrained(fresh.model, bench.claim / "out/adapter").eval()
    expected = peft(**batch, labels=labels)
    torch.testing.assert_close(output.loss, expected.loss)
    torch.testing.assert_close(output.logits, expected.logits[:, -labels.shape[1] :], atol=1e-6, rtol=1e-5)


def language_model(bench, method):
    folder = bench.claim / "models/tiny"
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_pretrained(folder)
    loaded = Loaded(model, AutoTokenizer.from_pretrained(folder), frozenset())
    return loaded, bench.config(method=method, task={"type": "CausalLM"})


@pytest.mark.parametrize("virtual", ["prefix", "prompt"])
def test_every_token_keeps_its_label(virtual):
    model = AutoModelForTokenClassification.from_config(tiny.bert_config()).eval()
    if virtual == "prompt":
        Prompt(Table.of(torch.randn(TOKENS, 32)), TOKENS, strips=True).attach(model.base_model)
    else:
        Prefix(Table.of(torch.randn(TOKENS, 128)), TOKENS, layers=2, heads=2).attach(model.base_model)
    ids = torch.tensor([[2, 5, 6, 3]])
    output = model(input_ids=ids, output_hidden_states=True)
    assert output.logits.shape == (1, 4, 2)
    assert [state.shape for state in output.hidden_states] == [(1, 4, 32)] * 3
    moved = model(input_ids=ids, position_ids=torch.arange(4).unsqueeze(0))
    expected = model(input_ids=ids, position_ids=None)
    torch.testing.assert_close(moved.logits, expected.logits)
