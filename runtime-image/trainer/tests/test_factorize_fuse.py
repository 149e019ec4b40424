"""The steps `factorize` and `fuse`: what they compute, what they leave and who can go on with the result."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import hone_kernels
import numpy as np
import onnx
import pytest
import torch
from torch import nn
from transformers import AutoModelForCausalLM, AutoModelForImageClassification, AutoModelForSequenceClassification

import tiny
import tiny_images
import tiny_language
from conftest import Workbench
from hone.compress.factorize import factorize
from hone.compress.factorize.svd import Decomposition
from hone.compress.fuse import fuse, join
from hone.compress.fuse.answering import NormAndReLU
from hone.compress.fuse.patterns import find
from hone.compress.technique import Applied
from hone.contract.compression import Factorize, Fuse
from hone.errors import RunError
from hone.models import from_pretrained, save_pretrained
from hone.models.low_rank import LowRank
from test_compress import TASK, compression, folder, plain, refused  # noqa: F401 - fixtures

TEXT = {"input_ids": np.arange(3, 17)[None], "attention_mask": np.ones((1, 14), dtype=np.int64)}
IMAGE = {"pixel_values": np.random.default_rng(0).normal(size=(1, 1, 8, 8)).astype(np.float32)}


class Made:
    """A network with an input, as a step sees it."""

    def __init__(self, auto: Any, config: Any, row: dict[str, Any]) -> None:
        torch.manual_seed(0)
        self.auto = auto
        self.row = row
        self.calibration = [row]
        self.network = auto.from_config(config, attn_implementation="eager").eval()
        for module in self.network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.running_mean, -1, 1)
                nn.init.uniform_(module.running_var, 0.5, 2)
                nn.init.uniform_(module.weight, 0.5, 2)
                nn.init.uniform_(module.bias, -1, 1)

    def placeholder_rows(self) -> list[dict[str, Any]]:
        return [self.row]

    def logits(self, network: Any = None) -> torch.Tensor:
        with torch.no_grad():
            return (network or self.network)(**{name: torch.tensor(value) for name, value in self.row.items()}).logits

    def apply(self, step: Any) -> Applied:
        return step.apply(self, self)

    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.network.parameters())


def bert() -> Made:
    return Made(AutoModelForSequenceClassification, tiny.bert_config(), TEXT)


def resnet() -> Made:
    return Made(AutoModelForImageClassification, tiny_images.resnet_config(), IMAGE)


def test_the_best_product_of_a_rank() -> None:
    draw = torch.Generator().manual_seed(1)
    matrix = torch.randn(24, 40, generator=draw)
    found = Decomposition(matrix)
    whole = found.factors(24)
    assert torch.allclose(whole.up @ whole.down, matrix, atol=1e-5)
    half = found.factors(12)
    assert half.error == pytest.approx(float((half.up @ half.down - matrix).norm() / matrix.norm()), rel=1e-4)
    energy = torch.linalg.svdvals(matrix.double()) ** 2
    rank = found.rank_of_energy(0.9)
    assert energy[:rank].sum() >= 0.9 * energy.sum() > energy[: rank - 1].sum()
    assert found.rank_of_energy(1) == 24


def test_weighting_by_activations_keeps_what_the_inputs_use() -> None:
    draw = torch.Generator().manual_seed(2)
    matrix = torch.randn(24, 40, generator=draw)
    inputs = torch.randn(4000, 40, generator=draw) * torch.logspace(1, -2, 40)
    plain_, weighted = Decomposition(matrix), Decomposition(matrix, inputs.t() @ inputs / len(inputs))

    def lost(found: Decomposition) -> float:
        factors = found.factors(8)
        return float((inputs @ (factors.up @ factors.down - matrix).t()).norm())

    assert lost(weighted) < 0.5 * lost(plain_)


@pytest.mark.parametrize(
    "made",
    [
        bert(),
        resnet(),
        Made(AutoModelForCausalLM, tiny_language.gpt2_config(), TEXT),
    ],
    ids=["bert", "resnet", "gpt2"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_fewer_parameters_that_load_again(made: Made, weighted: bool, tmp_path: Path) -> None:
    made = Made(made.auto, made.network.config, made.row)
    before, size = made.logits(), made.parameters()
    applied = made.apply(factorize(Factorize(rank_ratio=0.25, activation_weighted=weighted)))
    changed = [layer for layer in applied.layers if "rank" in layer]
    assert changed
    assert made.parameters() == size - sum(layer["before"] - layer["after"] for layer in changed)
    assert sum(isinstance(module, LowRank) for module in made.network.modules()) == len(changed)
    after = made.logits()
    assert torch.isfinite(after).all()
    assert not torch.allclose(before, after)
    save_pretrained(made.network, tmp_path)
    loaded, info = from_pretrained(made.auto, tmp_path, attn_implementation="eager")
    assert not info["missing_keys"]
    assert torch.equal(made.logits(loaded.eval()), after)


def test_nearly_all_energy_changes_nearly_nothing() -> None:
    made = bert()
    with torch.no_grad():
        for name, parameter in made.network.named_parameters():
            if name.endswith("dense.weight") and parameter.dim() == 2:
                left, values, right = torch.linalg.svd(parameter, full_matrices=False)
                values[4:] *= 1e-4
                parameter.copy_(left * values @ right)
    before = made.logits()
    applied = made.apply(factorize(Factorize(energy=0.9999)))
    assert {layer["rank"] for layer in applied.layers if "rank" in layer} == {4}
    assert torch.allclose(made.logits(), before, atol=1e-3)
    # The layers without such a spectrum would have become larger.
    assert any("as many weights" in layer["left"] for layer in applied.layers if "left" in layer)


def test_what_stays_whole_is_said_with_the_reason() -> None:
    applied = bert().apply(factorize(Factorize(rank_ratio=0.25, exclude_layers=["layer.0", "bert.pooler.dense"])))
    left = {layer["layer"]: layer["left"] for layer in applied.layers if "left" in layer}
    assert left["bert.encoder.layer.0.attention.self.query"] == "named in excludeLayers"
    assert left["classifier"] == "its full rank is 2"
    with pytest.raises(
        RunError, match=r"factorize\.excludeLayers names pooling, which is no layer that factorize works"
    ):
        bert().apply(factorize(Factorize(rank_ratio=0.25, exclude_layers=["pooling"])))
    with pytest.raises(RunError, match="would make none of 14 layers smaller; write a smaller rankRatio"):
        bert().apply(factorize(Factorize(rank_ratio=1)))
    with pytest.raises(RunError, match="exactly one of rankRatio"):
        factorize(Factorize())


def test_a_resnet_is_folded_whole_and_loads_again(tmp_path: Path) -> None:
    made = resnet()
    before = made.logits()
    applied = made.apply(fuse(Fuse()))
    patterns = [layer["pattern"] for layer in applied.layers]
    assert {"ConvBNReLU", "ConvBNAddReLU"} == set(patterns)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in made.network.modules())
    assert (made.logits() - before).abs().max() < 1e-5 * max(1, float(before.abs().max()))
    save_pretrained(made.network, tmp_path)
    loaded, info = from_pretrained(made.auto, tmp_path)
    assert not info["missing_keys"]
    assert torch.equal(made.logits(loaded.eval()), made.logits())


def test_only_the_patterns_asked_for() -> None:
    made = resnet()
    applied = made.apply(fuse(Fuse(patterns=["ConvBNReLU"])))
    assert {layer.get("pattern") for layer in applied.layers} == {"ConvBNReLU", None}
    assert any(
        "a ConvBNAddReLU, which fuse.patterns does not name" in layer.get("left", "") for layer in applied.layers
    )
    everything = resnet()
    everything.apply(fuse(Fuse(patterns=["ConvBN"])))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in everything.network.modules())
    assert bert().apply(fuse(Fuse())).message == "Nothing was folded: the model has no batch normalization."


class Odd(nn.Module):
    """Normalizations that can and that can't be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.first_norm = nn.Linear(6, 6), nn.BatchNorm1d(6)
        self.shared, self.shared_norm = nn.Linear(6, 6), nn.BatchNorm1d(6)
        self.alone_norm = nn.BatchNorm1d(6)
        self.fresh, self.fresh_norm = nn.Linear(6, 6), nn.BatchNorm1d(6, track_running_stats=False)
        self.conv, self.conv_norm = nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        values = self.first_norm(self.first(values))
        inner = self.shared(values)
        values = self.shared_norm(inner) + torch.tanh(inner)
        values = self.alone_norm(torch.relu(values))
        values = self.fresh_norm(self.fresh(values))
        return self.conv_norm(self.conv(values[:, None, None])).sigmoid()


def test_what_cannot_be_folded_is_told_with_the_reason() -> None:
    found = {one.norm: one for one in find(Odd().eval(), {"values": torch.randn(3, 6)})}
    assert found["first_norm"].pattern == "LinearBN"
    assert found["conv_norm"].pattern == "ConvBN"
    assert found["shared_norm"].reason == "something else reads the layer's output as well"
    assert found["alone_norm"].reason == "no convolution or linear layer stands right before it"
    assert found["fresh_norm"].reason == "it keeps no statistics, so each batch has other ones"


def test_a_network_that_only_answers_computes_norm_and_relu_in_one() -> None:
    made = resnet()
    joined = join(made, made.network)
    ours = [module for module in joined.modules() if isinstance(module, NormAndReLU)]
    patterns = Counter(one.pattern for one in find(made.network, {"pixel_values": torch.tensor(IMAGE["pixel_values"])}))
    # Those before a residual's addition stay, for the addition is a line of the network's own.
    assert len(ours) == patterns["ConvBNReLU"] > 0
    assert sum(isinstance(module, nn.BatchNorm2d) for module in joined.modules()) == patterns["ConvBNAddReLU"]
    assert not any(isinstance(module, NormAndReLU) for module in made.network.modules())
    hone_kernels.forget()
    assert torch.allclose(made.logits(joined), made.logits(), rtol=1e-5, atol=1e-6)
    assert hone_kernels.used()["scale_shift_relu"].implementation == "Reference"
    text = bert()
    assert join(text, text.network) is text.network


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_network_that_only_answers_takes_the_kernel_where_it_runs(dtype: str) -> None:
    driver = Path(__file__).with_name("joined_driver.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TRITON_INTERPRET": "1"}
    done = subprocess.run([sys.executable, driver, dtype], env=environment, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout)
    assert found["computed"] == "Triton"
    assert found["largest"] < {"float32": 1e-5, "bfloat16": 0.05}[dtype]


def test_a_job_factorizes_and_another_goes_on_from_it(folder: Workbench) -> None:  # noqa: F811
    steps = [{"factorize": {"rankRatio": 0.3}}, {"quantize": {"scheme": "INT8Dynamic"}}, {"fuse": {}}]
    first = folder.run(**compression(folder, steps=steps, task=TASK))
    assert first.steps is not None
    assert [step.name for step in first.steps] == ["factorize", "fuse", "quantize INT8Dynamic"]
    assert "products of two smaller ones" in first.steps[0].message
    artifact = folder.artifact("c1")
    story = json.loads((artifact / "compression.json").read_bytes())
    assert any("rank" in layer for layer in story["steps"][0]["layers"])
    weights = {tuple(tensor.dims) for tensor in onnx.load(artifact / "model.onnx").graph.initializer}
    assert (32, 10) in weights
    again = folder.run(
        **compression(
            folder, model={"uri": first.artifact.uri}, steps=[{"fuse": {}}], hash="c2",
            export={"tensorRT": {"precision": "FP32"}},
        )
    )  # fmt: skip
    assert again.export is not None
    assert again.export.parity is not None
    assert again.export.parity.max_absolute < 1e-4
    assert again.steps is not None
    assert again.steps[0].parameters is not None
    sentence = "would make none of 27 layers smaller"
    refused(folder, "ConfigInvalid", sentence, model={"uri": first.artifact.uri}, steps=steps[:1], hash="c3")
    assert again.steps[0].parameters == first.steps[0].parameters
