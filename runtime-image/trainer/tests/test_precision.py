"""Mixed precision on whatever device is there; the point of each test is that it would fail in plain FP32."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, DataCollatorWithPadding

import tiny
from hone.contract.training import Precision, Training
from hone.interrupt import Interrupt
from hone.precision import MixedPrecision
from hone.progress import Progress
from hone.tasks import Encoded
from hone.training import train

DTYPES = {"FP32": torch.float32, "BF16": torch.bfloat16, "FP16": torch.float16}


class Recorder:
    """Notes the type of every linear layer's output in training."""

    def __init__(self, model) -> None:
        self.dtypes: set[torch.dtype] = set()
        for module in model.modules():
            if isinstance(module, torch.nn.Linear):
                module.register_forward_hook(self._note)

    def _note(self, module, inputs, output) -> None:
        if module.training:
            self.dtypes.add(output.dtype)


def model(folder: Path):
    torch.manual_seed(3)
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2)


def run(network, tmp_path: Path, precision: Precision, steps: int = 3, rate: float = 1e-3):
    tokenizer = tiny.tokenizer()
    rows = [{**tokenizer(row["text"]), "labels": int(row["label"] == "spam")} for row in tiny.mails(8 * steps, seed=4)]
    progress = Progress("abc", lambda report: None)
    progress.plan({"Training": 1})
    with progress.phase("Training"):
        return train(
            network,
            Encoded(rows),
            DataCollatorWithPadding(tokenizer),
            training=Training(steps=steps, batch_size=8, learning_rate=rate, seed=1),
            checkpoint=None,
            precision=MixedPrecision.of(precision),
            default_learning_rate=rate,
            checkpoints=tmp_path / "checkpoints",
            progress=progress,
            interrupt=Interrupt(),
        )


@pytest.mark.parametrize("mode", ["FP32", "BF16", "FP16"])
def test_matrix_products_compute_in_the_precision_and_the_masters_are_fp32(mode, tiny_model, tmp_path):
    network = model(tiny_model)
    recorder = Recorder(network)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    trained = run(network, tmp_path, Precision(mode=mode))
    assert recorder.dtypes == {DTYPES[mode]}
    assert trained.summary.precision == mode
    assert trained.summary.skipped_steps == 0
    for parameter in network.parameters():
        assert parameter.dtype == torch.float32
        assert parameter.isfinite().all()
    changed = [name for name, parameter in network.named_parameters() if not torch.equal(parameter, before[name])]
    assert len(changed) > 30


def test_modes_give_different_bits(tiny_model, tmp_path):
    """Whoever trains in FP32 and says otherwise is found out."""
    curves = {}
    for mode in DTYPES:
        curves[mode] = [
            point.loss for point in run(model(tiny_model), tmp_path / mode, Precision(mode=mode)).curve.points
        ]
    assert curves["FP32"] != curves["BF16"]
    assert curves["FP32"] != curves["FP16"]
    assert curves["BF16"] != curves["FP16"]
    for mode in ("BF16", "FP16"):
        assert curves[mode] == pytest.approx(curves["FP32"], abs=0.05)


@pytest.mark.parametrize("mode", ["BF16", "FP16"])
def test_the_loss_is_computed_in_fp32(mode, tiny_model, tmp_path):
    """Logarithms of a softmax in half precision would be seen in the mean of a batch."""
    network = model(tiny_model)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    tokenizer = tiny.tokenizer()
    # One batch, so that its order does not matter.
    rows = tiny.mails(8, seed=4)
    batch = tokenizer([row["text"] for row in rows], padding=True, return_tensors="pt")
    labels = torch.tensor([int(row["label"] == "spam") for row in rows])
    with torch.autocast("cpu", dtype=DTYPES[mode]), torch.no_grad():
        logits = network(**batch).logits
    rounded = -logits.log_softmax(-1)[torch.arange(8), labels].float().mean().item()
    expected = torch.nn.functional.cross_entropy(logits.float(), labels).item()
    assert abs(rounded - expected) > 1e-5
    (point,) = run(network, tmp_path, Precision(mode=mode), steps=1).curve.points
    assert point.loss == pytest.approx(expected, abs=1e-6)


def test_half_precision_follows_fp32(tiny_model, tmp_path):
    """The short form of the comparison that bench/precision makes with a real model: the mean loss of the end."""
    ends = {}
    for mode in DTYPES:
        curve = run(model(tiny_model), tmp_path / mode, Precision(mode=mode), steps=40).curve.points
        ends[mode] = sum(point.loss for point in curve[-10:]) / 10
    assert ends["BF16"] == pytest.approx(ends["FP32"], rel=0.01)
    assert ends["FP16"] == pytest.approx(ends["FP32"], rel=0.01)


def test_an_overflow_is_survived_by_halving_the_scale(tiny_model, tmp_path):
    network = model(tiny_model)
    trained = run(network, tmp_path, Precision(mode="FP16", initial_loss_scale=2.0**40), steps=30)
    assert 0 < trained.summary.skipped_steps < 30
    assert all(parameter.isfinite().all() for parameter in network.parameters())
    assert trained.summary.steps == 30


def test_a_step_that_overflows_changes_nothing(tiny_model, tmp_path):
    network = model(tiny_model)
    before = {name: parameter.detach().clone() for name, parameter in network.named_parameters()}
    trained = run(network, tmp_path, Precision(mode="FP16", initial_loss_scale=2.0**100), steps=2)
    assert trained.summary.skipped_steps == 2
    assert all(torch.equal(parameter, before[name]) for name, parameter in network.named_parameters())


def test_without_scaling_small_gradients_are_lost_and_with_it_they_are_not(tiny_model, tmp_path):
    """FP16 ends at 6e-8: behind a head with weights of 2^-22 the gradients are 2^-26, which is zero there."""
    moved = {}
    for scale in (1.0, 2.0**16):
        network = model(tiny_model)
        with torch.no_grad():
            network.classifier.weight[0] = 2.0**-22
            network.classifier.weight[1] = 0.0
        before = network.bert.encoder.layer[0].intermediate.dense.weight.detach().clone()
        run(network, tmp_path / str(scale), Precision(mode="FP16", initial_loss_scale=scale), steps=1)
        moved[scale] = not torch.equal(network.bert.encoder.layer[0].intermediate.dense.weight, before)
    assert moved == {1.0: False, 2.0**16: True}


def test_auto_is_by_the_device():
    assert MixedPrecision.of(Precision()).mode == ("FP32" if not torch.cuda.is_available() else "BF16")


@pytest.mark.parametrize("mode", ["BF16", "FP16"])
def test_a_trained_model_answers_in_full_precision_again(tiny_model, tmp_path, mode):
    network = model(tiny_model)
    run(network, tmp_path, Precision(mode=mode))
    types: set[torch.dtype] = set()
    network.classifier.register_forward_hook(lambda module, inputs, output: types.add(output.dtype))
    network.eval()(input_ids=torch.tensor([[2, 5, 3]]))
    assert types == {torch.float32}
