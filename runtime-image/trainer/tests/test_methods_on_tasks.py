"""Methods whose models are not plain, on the tasks whose outputs are not one row of logits."""

import math

import pytest
from transformers import AutoModelForCausalLM

import tiny_images
import tiny_language
from hone.models import from_pretrained
from test_finetune_images import FOLDERS, images
from test_finetune_language import language
from test_tasks import compress, prepare

FEW = {"steps": 2, "batchSize": 8, "learningRate": 0.01, "seed": 1}
METHODS = {
    "qlora": {"qlora": {"rank": 2}},
    "prefix": {"prefixTuning": {"virtualTokens": 4, "projection": True}},
    "prompt": {"promptTuning": {"virtualTokens": 4}},
}


@pytest.mark.parametrize(("method", "gpt"), [("qlora", False), ("prefix", False), ("prompt", False), ("prompt", True)])
def test_a_language_model_is_measured_as_it_is_saved(bench, method, gpt):
    config = tiny_language.gpt2_config() if gpt else tiny_language.llama_config()
    tiny_language.save_model(bench.claim / "models/language", config)
    result = bench.run(**language(bench, method=METHODS[method], training=FEW, precision={"mode": "BF16"}))
    perplexity = result.metrics.after.metrics["perplexity"].value
    assert 1 < perplexity < 2 * len(tiny_language.tokenizer())
    assert result.metrics.after.loss == pytest.approx(math.log(perplexity), rel=1e-4)
    # The next run reads what this one saved, and a training that learns nothing measures the same.
    again = language(bench, hash="again", method={"lora": {"rank": 2}}, training={**FEW, "learningRate": 1e-9})
    measured = bench.run(**{**again, "model": {"uri": result.artifact.uri}})
    assert measured.metrics.after.metrics["perplexity"].value == pytest.approx(perplexity, rel=1e-5)
    _, info = from_pretrained(AutoModelForCausalLM, bench.artifact() / "model")
    assert not info["unexpected_keys"]


@pytest.mark.parametrize("method", ["prefix", "prompt"])
def test_the_labels_of_tokens_stay_at_their_tokens_into_the_served_graph(bench, method):
    prepare(bench, "TokenClassification", train=32, test=16)
    tuned = bench.run(method=METHODS[method], training=FEW)
    result = compress(bench, tuned, steps=[], gate=None)
    before, after = result.metrics.before, tuned.metrics.after
    assert before.metrics["entityF1"].value == pytest.approx(after.metrics["entityF1"].value, abs=1e-6)
    assert before.loss == pytest.approx(after.loss, rel=1e-4)


def test_an_image_model_trains_over_four_bits(bench):
    tiny_images.write_folder(bench.claim / "data/train", tiny_images.digits(32))
    tiny_images.write_folder(bench.claim / "data/test", tiny_images.digits(16, first=400))
    tiny_images.save_model(bench.claim / "models/vision", tiny_images.vit_config())
    result = bench.run(**images(method=METHODS["qlora"], training=FEW, dataset=FOLDERS))
    assert result.training.quantized_base.largest_difference < 0.3
    assert result.metrics.after.samples == 16
