"""Whole FineTuneJobs of causal language models."""

import json
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import tiny
import tiny_language
from conftest import Workbench
from contract_samples import schemas
from hone.errors import RunError

KINDS = {
    "prompt": (tiny_language.questions, {"prompt": "question", "completion": "answer"}),
    "messages": (tiny_language.chats, {"messages": "conversation"}),
    "text": (tiny_language.texts, {"text": "body"}),
    "lengths": (tiny_language.texts_of_many_lengths, {"text": "body"}),
}


def language(bench: Workbench, kind: str = "prompt", **changes: Any) -> dict[str, Any]:
    rows, columns = KINDS[kind]
    tiny.write_rows(bench.claim / "data/train.jsonl", rows(96, seed=1))
    tiny.write_rows(bench.claim / "data/test.jsonl", rows(32, seed=2))
    return {
        "model": {"uri": "pvc://spam/models/language"},
        "dataset": {**bench.document["dataset"], "columns": columns},
        "task": {"type": "CausalLM", "maxLength": 64},
        "method": {"full": {}},
        "training": {"epochs": 4, "batchSize": 8, "learningRate": 0.01, "seed": 1},
        **changes,
    }


@pytest.fixture
def talker(bench: Workbench) -> Workbench:
    tiny_language.save_model(bench.claim / "models/language")
    return bench


def perplexity(result):
    assert result.metrics.after.primary_metric == "perplexity"
    return result.metrics.after.metrics["perplexity"]


@pytest.mark.parametrize("kind", ["prompt", "messages", "text"])
def test_the_perplexity_falls_and_the_model_answers(talker: Workbench, kind: str) -> None:
    untrained = perplexity(
        talker.run(**language(talker, kind, hash="none", training={"steps": 1, "learningRate": 1e-9}))
    )
    result = talker.run(**language(talker, kind))
    schemas()["result"].validate(json.loads(result.to_json()))
    after = perplexity(result)
    assert after.low < after.value < after.high
    assert after.high < untrained.low / 20
    assert result.metrics.after.samples == 32

    folder = talker.artifact() / "model"
    tokenizer, network = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    question = "green?"
    if kind == "messages":
        question = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
    ids = tokenizer(question, return_tensors="pt")
    answer = network.generate(**ids, max_new_tokens=6, do_sample=False)[0, ids["input_ids"].shape[1] :]
    assert tokenizer.decode(answer).strip().startswith("go<|end|>")


@pytest.mark.parametrize("method", [{"full": {}}, {"lora": {"rank": 2}}, {"promptTuning": {"virtualTokens": 4}}])
@pytest.mark.parametrize("config", [tiny_language.llama_config, tiny_language.gpt2_config])
def test_accumulation_is_a_larger_batch_however_long_the_answers(bench: Workbench, method, config) -> None:
    tiny_language.save_model(bench.claim / "models/language", config())
    training = {"steps": 4, "learningRate": 0.01, "seed": 1, "schedule": "Constant"}
    whole = bench.run(**language(bench, "lengths", method=method, hash="whole", training={**training, "batchSize": 8}))
    parts = {**training, "batchSize": 2, "gradientAccumulationSteps": 4}
    assert points(
        bench.run(**language(bench, "lengths", method=method, hash="parts", training=parts))
    ) == pytest.approx(points(whole), abs=1e-5)


def points(result) -> list[float]:
    return [point.loss for point in result.training.last_points]


def test_a_packed_training_learns_in_fewer_steps_for_the_same_tokens(talker: Workbench) -> None:
    training = {"epochs": 4, "batchSize": 2, "learningRate": 0.01, "seed": 1}
    plain = talker.run(**language(talker, training=training))
    packed = talker.run(**language(talker, hash="packed", training={**training, "packing": True}))
    assert packed.training.steps < plain.training.steps / 3
    # A token is one of 259, and nothing was known of them before.
    assert max(perplexity(packed).value, perplexity(plain).value) < 5


@pytest.mark.parametrize("method", [{"lora": {"rank": 4}}, {"full": {}}], ids=["lora", "full"])
def test_a_gpt_learns_too(bench: Workbench, method: dict[str, Any]) -> None:
    tiny_language.save_model(bench.claim / "models/language", tiny_language.gpt2_config())
    training = {"epochs": 4, "batchSize": 8, "learningRate": 0.02, "seed": 1, "packing": True}
    result = bench.run(**language(bench, method=method, training=training))
    assert perplexity(result).value < (200 if "lora" in method else 60)
    if "lora" in method:
        adapter = json.loads((bench.artifact() / "adapter/adapter_config.json").read_text())
        assert adapter["task_type"] == "CAUSAL_LM"


def test_the_perplexity_is_that_of_the_saved_model(talker: Workbench) -> None:
    result = talker.run(**language(talker))
    folder = talker.artifact() / "model"
    tokenizer, network = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder).eval()
    total, tokens = 0.0, 0
    for row in tiny_language.questions(32, seed=2):
        prompt, answer = (tokenizer(row[name])["input_ids"] for name in ("question", "answer"))
        ids = torch.tensor([[*prompt, *answer, 2]])
        with torch.inference_mode():
            likely = network(ids).logits.log_softmax(-1)[0]
        total -= sum(float(likely[place - 1, ids[0, place]]) for place in range(len(prompt), ids.shape[1]))
        tokens += len(answer) + 1
    assert result.metrics.after.loss == pytest.approx(total / tokens, rel=1e-4)
    assert perplexity(result).value == pytest.approx(float(torch.tensor(total / tokens).exp()), rel=1e-4)


def test_the_loss_is_computed_in_fp32(talker: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = set()
    real = torch.nn.functional.cross_entropy

    def watched(logits, *arguments, **options):
        kinds.add(logits.dtype)
        return real(logits, *arguments, **options)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", watched)
    training = {"steps": 2, "batchSize": 4, "learningRate": 0.001}
    talker.run(**language(talker, precision={"mode": "BF16"}, training=training))
    assert kinds == {torch.float32}


def failure(bench: Workbench, **changes: Any) -> RunError:
    with pytest.raises(RunError) as caught:
        bench.run(**changes)
    return caught.value


def test_a_chat_without_a_template_is_refused_before_data_is_read(bench: Workbench) -> None:
    tiny_language.save_model(bench.claim / "models/language", template=None)
    changes = language(bench, "messages")
    (bench.claim / "data/train.jsonl").write_text("no json")
    assert "has no chat template" in failure(bench, **changes).message


def test_bad_examples_are_told_by_their_rows(talker: Workbench) -> None:
    changes = language(talker, "messages")
    conversations = [
        [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}],
        [{"role": "user", "content": "x"}],
        [{"role": "user"}],
        "no list",
        [],
    ]
    tiny.write_rows(talker.claim / "data/train.jsonl", [{"conversation": value} for value in conversations])
    message = failure(talker, **changes).message
    assert "4 bad rows: row 2: conversation has no message of the role assistant" in message
    assert "row 3: message 1 of conversation lacks a role or a content" in message
    assert "row 4: conversation is text but no JSON" in message
    assert "row 5: conversation is no list" in message

    changes = language(talker, task={"type": "CausalLM", "maxLength": 5})
    message = failure(talker, **changes).message
    assert "what is to be learnt starts after 6 tokens, and maxLength cuts at 5" in message


def test_what_does_not_fit_is_refused(talker: Workbench) -> None:
    columns = {"text": "body", "messages": "conversation"}
    changes = language(talker, dataset={**talker.document["dataset"], "columns": columns})
    assert "exactly one kind of data" in failure(talker, **changes).message
    changes = language(talker, "text", training={"steps": 1, "packing": True}, method={"promptTuning": {}})
    error = failure(talker, **changes)
    assert error.reason in ("ConfigInvalid", "Unsupported")
    changes = language(talker, model={"uri": "pvc://spam/models/tiny"})
    assert "is no trained language model" in failure(talker, **changes).message
