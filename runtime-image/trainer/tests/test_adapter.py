"""Bottleneck adapters: what they compute, where they go, and what is refused."""

import json

import hone_kernels
import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    BartConfig,
    MixtralConfig,
    Phi3Config,
    T5Config,
)

import tiny
from architectures import ARCHITECTURES
from hone.errors import RunError
from hone.methods import attach
from hone.methods.placement import find_points
from hone.models import from_pretrained, outline
from hone.models.bottleneck import ACTIVATIONS, Bottleneck
from hone.models.structure import STRUCTURE
from method_trials import Trial

HOULSBY = {"adapter": {"placement": "Houlsby", "reductionFactor": 8, "activation": "SiLU"}}


def fresh(width: int, size: int, activation: str) -> Bottleneck:
    adapter = Bottleneck(width, size, activation)
    adapter.reset_parameters()
    return adapter


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_those_of_the_formula(activation):
    torch.manual_seed(0)
    adapter = Bottleneck(5, 3, activation).double()
    hidden = torch.randn(2, 4, 5, dtype=torch.float64, requires_grad=True)
    parameters = tuple(adapter.parameters())

    def forward(hidden, *values):
        return torch.func.functional_call(
            adapter, dict(zip(dict(adapter.named_parameters()), values, strict=True)), hidden
        )

    assert gradcheck(forward, (hidden, *parameters))


def test_a_bottleneck_is_what_the_formula_says():
    torch.manual_seed(0)
    adapter = Bottleneck(4, 2, "ReLU")
    hidden = torch.randn(3, 4)
    inner = torch.clamp(hidden @ adapter.down.weight.T + adapter.down.bias, min=0)
    expected = hidden + inner @ adapter.up.weight.T + adapter.up.bias
    torch.testing.assert_close(adapter(hidden), expected)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_fresh_bottleneck_is_the_identity_and_learns(activation):
    adapter = fresh(8, 2, activation)
    hidden = torch.randn(5, 8)
    assert torch.equal(adapter(hidden), hidden)
    adapter(hidden).square().sum().backward()
    assert adapter.up.weight.grad.abs().sum() > 0


def test_the_kernel_s_way_of_training_is_bit_for_bit_the_layers_own():
    torch.manual_seed(0)
    adapter = Bottleneck(8, 3, "GELU")
    hidden = torch.randn(5, 8)
    hone_kernels.forget()
    trained = adapter.train()(hidden)
    assert hone_kernels.used()["bottleneck_adapter"].implementation == "Reference"
    hone_kernels.forget()
    assert torch.equal(trained, adapter.eval()(hidden))
    assert not hone_kernels.used()


@pytest.mark.parametrize("change", ["hook", "another layer"])
def test_what_looks_into_the_projections_is_not_passed_over(change):
    adapter = Bottleneck(8, 3, "ReLU").train()
    seen = []
    if change == "hook":
        adapter.down.register_forward_hook(lambda *_: seen.append(1))
    else:
        adapter.down = nn.Sequential(adapter.down)
    hone_kernels.forget()
    adapter(torch.randn(5, 8))
    assert not hone_kernels.used()
    assert len(seen) == (change == "hook")


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "resnet"])
def test_fresh_adapters_change_no_answer(tmp_path, architecture):
    trial = Trial.start(tmp_path, architecture, HOULSBY)
    base = trial.architecture.load(trial.base)
    assert torch.equal(trial.logits(), trial.logits(base))


PLACES = {
    "bert": ("bert.encoder.layer.{}.attention.output.dense", "bert.encoder.layer.{}.output.dense"),
    "distilbert": ("distilbert.transformer.layer.{}.attention.out_lin", "distilbert.transformer.layer.{}.ffn.lin2"),
    "roberta": ("roberta.encoder.layer.{}.attention.output.dense", "roberta.encoder.layer.{}.output.dense"),
    "gpt2": ("transformer.h.{}.attn.c_proj", "transformer.h.{}.mlp.c_proj"),
    "llama": ("model.layers.{}.self_attn.o_proj", "model.layers.{}.mlp.down_proj"),
    "vit": ("vit.layers.{}.attention.o_proj", "vit.layers.{}.mlp.fc2"),
}


@pytest.mark.parametrize("architecture", PLACES)
def test_places_are_found_by_structure(tmp_path, architecture):
    kind = ARCHITECTURES[architecture]
    network = outline(kind.auto, tiny.save_model(tmp_path / "base", kind.config))
    attention, feed_forward = PLACES[architecture]
    houlsby = find_points(network, after_attention=True)
    assert [point.path for point in houlsby] == [place.format(n) for n in (0, 1) for place in (attention, feed_forward)]
    assert {point.width for point in houlsby} == {32}
    assert [point.path for point in find_points(network, after_attention=False)] == [
        feed_forward.format(n) for n in (0, 1)
    ]


SIZES = {"vocab_size": 50, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "num_hidden_layers": 1}


@pytest.mark.parametrize(
    ("config", "places"),
    [
        # Its fused projection is as late in the attention as the output is early.
        (Phi3Config(**SIZES, pad_token_id=0), ["layers.0.self_attn.o_proj", "layers.0.mlp.down_proj"]),
        (
            T5Config(vocab_size=50, d_model=32, d_ff=64, num_layers=1, num_heads=2, d_kv=16),
            [
                "encoder.block.0.layer.0.SelfAttention.o",
                "encoder.block.0.layer.1.DenseReluDense.wo",
                "decoder.block.0.layer.0.SelfAttention.o",
                "decoder.block.0.layer.1.EncDecAttention.o",
                "decoder.block.0.layer.2.DenseReluDense.wo",
            ],
        ),
        (
            BartConfig(
                vocab_size=50, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
                decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32,
            ),
            [
                "encoder.layers.0.self_attn.out_proj", "encoder.layers.0.fc2", "decoder.layers.0.self_attn.out_proj",
                "decoder.layers.0.encoder_attn.out_proj", "decoder.layers.0.fc2",
            ],
        ),
    ],
    ids=["phi3", "t5", "bart"],
)  # fmt: skip
def test_places_are_found_in_other_shapes_too(config, places):
    with torch.device("meta"):
        network = AutoModel.from_config(config)
    assert [point.path for point in find_points(network, after_attention=True)] == places


def test_a_mixture_of_experts_is_refused():
    with torch.device("meta"):
        network = AutoModel.from_config(MixtralConfig(**SIZES, num_key_value_heads=1, num_local_experts=2))
    with pytest.raises(RunError, match=r"mixtral model has a mixture of experts.*write lora or full"):
        find_points(network, after_attention=False)


def test_the_bottleneck_has_the_size_and_the_activation_that_were_asked_for(tmp_path):
    trial = Trial.start(tmp_path, "bert", HOULSBY)
    trial.train()
    trial.save(tmp_path / "out")
    for folder in ("model", "adapter"):
        about = json.loads((tmp_path / "out" / folder / STRUCTURE).read_text())
        modules = about["bottleneck"]["modules"]
        assert len(modules) == 4
        assert {(m["width"], m["size"], m["activation"]) for m in modules} == {(32, 4, "SiLU")}
    assert (about["method"], about["baseModel"]) == ("adapter", "pvc://spam/models/tiny")
    assert about["options"] == HOULSBY["adapter"]


def test_an_adapter_of_another_model_is_refused(tmp_path):
    trial = Trial.start(tmp_path / "bert", "bert", HOULSBY)
    trial.save(tmp_path / "out")
    other = ARCHITECTURES["gpt2"].load(tiny.save_model(tmp_path / "gpt2", ARCHITECTURES["gpt2"].config))
    with pytest.raises(RunError, match="does not fit the model") as error:
        attach(other, tmp_path / "out/adapter")
    assert error.value.reason == "ModelInvalid"
    bitfit = Trial.start(tmp_path / "bitfit", "bert", {"bitFit": {}})
    bitfit.save(tmp_path / "biases")
    with pytest.raises(RunError, match=r"The adapter does not fit .* put it on the model it was made for, pvc://spam"):
        attach(other, tmp_path / "biases/adapter")
    with pytest.raises(RunError, match="holds no adapter"):
        attach(other, tmp_path)


@pytest.mark.parametrize(
    ("structure", "sentence"),
    [
        ({"version": 2}, "is of another version"),
        ({"version": 1, "rotation": {}}, "tells of rotation, which this version does not know"),
        ({"version": 1, "bottleneck": {"modules": [{"path": "bert.no.such"}]}}, "does not fit the model beside it"),
        ("broken", "is of another version"),
    ],
    ids=["version", "kind", "path", "broken"],
)
def test_a_structure_that_cannot_be_built_is_told(tmp_path, structure, sentence):
    folder = tiny.save_model(tmp_path / "base")
    (folder / STRUCTURE).write_text(structure if isinstance(structure, str) else json.dumps(structure))
    with pytest.raises(RunError, match=sentence) as error:
        from_pretrained(AutoModelForSequenceClassification, folder)
    assert error.value.reason == "ModelInvalid"
