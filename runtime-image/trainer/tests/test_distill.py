"""The step `distill`: the loss against a plain reference, the students, and whole jobs."""

import copy
import json
from typing import Any

import pytest
import torch
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

import tiny
from conftest import Workbench
from hone.compress.distill.loss import (
    PROJECTIONS,
    Distillation,
    Weights,
    add_projections,
    answers_loss,
    attention_loss,
    hidden_loss,
    remove_projections,
)
from hone.compress.distill.student import evenly, make_student
from hone.contract.compression import Student
from hone.errors import RunError
from hone.evaluate.onnx_classifier import OnnxClassifier
from hone.models import from_pretrained
from hone.tasks.class_weights import weighted_cross_entropy
from test_compress import TASK, compression, folder, plain  # noqa: F401 - fixtures
from test_prune import TEXT


def plain_loss(student: Any, teacher: Any, labels: Any, temperature: float, alpha: float) -> torch.Tensor:
    """(1 - alpha)·CE + alpha·T²·KL(teacher ‖ student), word for word."""
    counted = [row for row in range(len(labels)) if labels[row] != -100]
    total = torch.zeros((), dtype=student.dtype)
    for row in counted:
        p = torch.exp(teacher[row] / temperature) / torch.exp(teacher[row] / temperature).sum()
        q = torch.exp(student[row] / temperature) / torch.exp(student[row] / temperature).sum()
        cross = -torch.log(torch.exp(student[row]) / torch.exp(student[row]).sum())[labels[row]]
        total = total + (1 - alpha) * cross + alpha * temperature**2 * (p * torch.log(p / q)).sum()
    return total / len(counted)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_loss_of_classes_is_the_plain_one(temperature: float, alpha: float) -> None:
    student, teacher, labels = drawn(5, 3), drawn(5, 3, seed=1), torch.tensor([0, 2, 1, 1, 0])
    weights = Weights(temperature, alpha)
    one, other = student.clone().requires_grad_(), student.clone().requires_grad_()
    found = answers_loss("TextClassification", one, teacher, labels, weights)
    expected = plain_loss(other, teacher, labels, temperature, alpha)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    found.backward()
    expected.backward()
    assert torch.allclose(one.grad, other.grad, atol=1e-6)


def test_the_gradient_is_that_of_finite_differences() -> None:
    teacher, labels = drawn(4, 3, seed=1), torch.tensor([0, 2, 1, 1])
    student = drawn(4, 3).requires_grad_()
    weights = Weights(2.0, 0.4)
    answers_loss("ImageClassification", student, teacher, labels, weights).backward()
    exact, step = student.grad, 1e-2
    for place in ((0, 0), (2, 1), (3, 2)):
        moved = [student.detach().clone() for _ in range(2)]
        moved[0][place] += step
        moved[1][place] -= step
        ends = [plain_loss(one.double(), teacher.double(), labels, 2.0, 0.4) for one in moved]
        assert exact[place].item() == pytest.approx(float(ends[0] - ends[1]) / (2 * step), abs=1e-4)


def test_only_tokens_that_count_do() -> None:
    student, teacher = drawn(2, 4, 3), drawn(2, 4, 3, seed=1)
    labels = torch.tensor([[0, 1, -100, -100], [2, -100, 1, 0]])
    weights = Weights(2.0, 0.5)
    found = answers_loss("TokenClassification", student, teacher, labels, weights)
    expected = plain_loss(student.view(-1, 3), teacher.view(-1, 3), labels.view(-1), 2.0, 0.5)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    # Of a language model each position answers for the next.
    found = answers_loss("CausalLM", student, teacher, labels, weights)
    expected = plain_loss(
        student[:, :-1].reshape(-1, 3), teacher[:, :-1].reshape(-1, 3), labels[:, 1:].reshape(-1), 2.0, 0.5
    )
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_labels_that_are_independent_and_numbers() -> None:
    student, teacher, labels = drawn(4, 3), drawn(4, 3, seed=1), (drawn(4, 3, seed=2) > 0).long()
    found = answers_loss("MultiLabelClassification", student, teacher, labels, Weights(3.0, 0.25))
    p, q = torch.sigmoid(teacher / 3), torch.sigmoid(student / 3)
    divergence = (p * torch.log(p / q) + (1 - p) * torch.log((1 - p) / (1 - q))).mean()
    by_labels = functional.binary_cross_entropy(torch.sigmoid(student), labels.float())
    assert found.item() == pytest.approx((0.75 * by_labels + 0.25 * 9 * divergence).item(), rel=1e-5)

    score, target = drawn(4, 1), torch.tensor([1.0, 2.0, 3.0, 4.0])
    found = answers_loss("Regression", score, teacher[:, :1], target, Weights(2.0, 0.25))
    expected = 0.75 * ((score[:, 0] - target) ** 2).mean() + 0.25 * ((score - teacher[:, :1]) ** 2).mean()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_class_weights_change_the_labels_part_alone() -> None:
    student, teacher, labels = drawn(5, 2), drawn(5, 2, seed=1), torch.tensor([0, 1, 1, 1, 0])
    weighted = weighted_cross_entropy([3.0, 1.0])
    found = answers_loss("TextClassification", student, teacher, labels, Weights(2.0, 0.5), weighted)
    soft = plain_loss(student, teacher, labels, 2.0, 1.0)
    assert found.item() == pytest.approx((0.5 * weighted(student, labels) + 0.5 * soft).item(), rel=1e-5)


def test_hidden_states_and_attention_leave_padding_out() -> None:
    mask = torch.tensor([[1, 1, 1], [1, 0, 0]])
    student = [drawn(2, 3, 4, seed=seed) for seed in range(3)]
    teacher = [drawn(2, 3, 4, seed=seed + 10) for seed in range(5)]
    counted = mask.bool()
    expected = torch.stack(
        [((student[1] - teacher[1])[counted] ** 2).mean(), ((student[2] - teacher[4])[counted] ** 2).mean()]
    ).mean()
    assert hidden_loss(student, teacher, [0, 3], None, mask).item() == pytest.approx(expected.item(), rel=1e-5)

    one = [drawn(2, 2, 3, 3).softmax(-1)]
    other = [drawn(2, 4, 3, 3, seed=1).softmax(-1), drawn(2, 4, 3, 3, seed=2).softmax(-1)]
    p, q = other[1].mean(1), one[0].mean(1)
    divergence = (p * (p / q).log()).sum(-1)[counted].mean()
    assert attention_loss(one, other, [1], mask).item() == pytest.approx(divergence.item(), rel=1e-5)
    assert attention_loss(one, one, [0], mask).item() == pytest.approx(0, abs=1e-6)


def bert(**changes: Any) -> Any:
    torch.manual_seed(0)
    config = tiny.bert_config()
    config.update({"num_hidden_layers": 4, **changes})
    return AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()


def test_a_student_that_is_the_teacher_has_nothing_to_learn_inside() -> None:
    network = bert()
    student, origins = make_student(network, None)
    batch = {name: torch.tensor(value) for name, value in TEXT.items()} | {"labels": torch.tensor([1])}
    alone = Distillation(
        copy.deepcopy(network), "TextClassification", None, Weights(alpha=1, hidden=1, attention=1), origins
    )
    assert alone(student.eval(), batch).item() == pytest.approx(0, abs=1e-5)


def test_the_projections_learn_and_go() -> None:
    network = bert()
    student, origins = make_student(network, Student(layers=2, hidden_size=16))
    add_projections(student, 32, len(origins))
    batch = {name: torch.tensor(value) for name, value in TEXT.items()} | {"labels": torch.tensor([1])}
    loss = Distillation(copy.deepcopy(network), "TextClassification", None, Weights(hidden=1, attention=1), origins)
    loss(student, batch).backward()
    assert all(one.weight.grad.abs().sum() > 0 for one in getattr(student, PROJECTIONS))
    assert all(parameter.grad is None for parameter in loss._teacher.parameters())
    remove_projections(student)
    assert not any(PROJECTIONS in name for name in student.state_dict())


def test_layers_are_copied_from_those_that_were_chosen() -> None:
    network = bert()
    assert (evenly(2, 6), evenly(3, 6), evenly(1, 6)) == ([0, 5], [0, 2, 5], [5])
    student, origins = make_student(network, Student(init_from_layers=[3, 1]))
    assert origins == [3, 1]
    assert student.config.num_hidden_layers == 2
    for place, origin in enumerate(origins):
        own = student.bert.encoder.layer[place].state_dict()
        assert all(
            torch.equal(own[name], value) for name, value in network.bert.encoder.layer[origin].state_dict().items()
        )
    narrow, _ = make_student(network, Student(layers=2, intermediate_size=24))
    layer = narrow.bert.encoder.layer[1]
    assert layer.intermediate.dense.out_features == 24
    assert torch.equal(layer.attention.self.query.weight, network.bert.encoder.layer[3].attention.self.query.weight)

    torch.manual_seed(0)
    llama = AutoModelForCausalLM.from_config(tiny.llama_config(), attn_implementation="eager")
    small, _ = make_student(llama, Student(layers=1, hidden_size=16))
    assert small.model.layers[0].self_attn.o_proj.out_features == 16
    assert small.model.layers[0].self_attn.layer_idx == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layers": 9}, "whose layers are 0 to 3; write fewer"),
        ({"init_from_layers": [0, 4]}, "whose layers are 0 to 3"),
        ({"layers": 3, "init_from_layers": [0, 1]}, "names 2 layers for 3"),
        ({"hidden_size": 33}, "no multiple of the 2 attention heads; write 32 or 34"),
        ({"hidden_size": 16, "init_from_layers": [0]}, "copies layers of the model's width"),
    ],
)
def test_students_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RunError, match=sentence) as error:
        make_student(bert(), Student(**options))
    assert error.value.reason == "ConfigInvalid"


def test_a_student_learns_in_a_job_and_is_served(folder: Workbench) -> None:  # noqa: F811
    train = {"uri": "pvc://spam/data/train.jsonl"}
    model = {"uri": "pvc://spam/models/classifier"}
    taught = folder.run(
        model=model, hash="f1", method={"full": {}}, training={"epochs": 8, "batchSize": 8, "learningRate": 0.001}
    )
    dataset = {**compression(folder)["dataset"], "train": train}
    step = {
        "student": {"layers": 1, "hiddenSize": 16},
        "temperature": 2.0,
        "alpha": 0.7,
        "hiddenStateWeight": 0.1,
        "attentionWeight": 0.1,
        "training": {"epochs": 6, "batchSize": 8, "learningRate": 0.01},
    }
    changes = {"model": {"uri": taught.artifact.uri}, "dataset": dataset}
    result = folder.run(**compression(folder, steps=[{"distill": step}], **changes))
    (report,) = result.steps
    assert report.name == "distill"
    assert "learned from a teacher with 21,378 for 72 steps" in report.message
    assert "Its loss was computed by PyTorch's own operations: the tensors are on cpu." in report.message
    assert report.parameters < 10_000
    assert result.metrics.after.accuracy.value > 70
    told = json.loads((folder.artifact("c1") / "compression.json").read_bytes())["steps"][0]
    assert told["layers"] == [{"student": 0, "teacher": 1}]
    network, info = from_pretrained(AutoModelForSequenceClassification, folder.artifact("c1") / "model")
    assert not info["unexpected_keys"]
    with torch.no_grad():
        expected = network.eval()(**{name: torch.tensor(value) for name, value in TEXT.items()}).logits
    found = OnnxClassifier(folder.artifact("c1") / "model.onnx").logits(TEXT)
    assert (torch.tensor(found) - expected).abs().max() < 1e-4

    other = {"teacher": {"uri": taught.artifact.uri, "digest": taught.artifact.digest}, "training": {"steps": 2}}
    again = folder.run(
        **compression(folder, steps=[{"distill": other}], model=model, dataset=dataset, task=TASK, hash="c2")
    )
    assert [entry.role for entry in again.lineage] == ["Model", "TrainData", "EvaluationData", "Teacher"]
    with pytest.raises(RunError, match=r"needs training data; name it in spec.dataset.train"):
        folder.run(**compression(folder, steps=[{"distill": {}}], model=model, task=TASK, hash="c3"))


def test_the_model_as_it_was_teaches_what_the_steps_before_have_left_of_it(folder: Workbench) -> None:  # noqa: F811
    dataset = {**compression(folder)["dataset"], "train": {"uri": "pvc://spam/data/train.jsonl"}}
    steps = [
        {"prune": {"pattern": "Channels", "sparsity": 0.5}},
        {"factorize": {"rankRatio": 0.25}},
        {"distill": {"student": {"layers": 1}, "training": {"steps": 2}}},
    ]
    model = {"uri": "pvc://spam/models/classifier"}
    result = folder.run(**compression(folder, steps=steps, model=model, dataset=dataset, task=TASK))
    pruned, factorized, distilled = result.steps
    assert "learned from a teacher with 21,378 for 2 steps" in distilled.message
    assert distilled.parameters < factorized.parameters < pruned.parameters < 21_378
    told = json.loads((folder.artifact("c1") / "compression.json").read_bytes())["steps"][2]
    assert told["layers"] == [{"student": 0, "teacher": 1}]
    assert "Teacher" not in [entry.role for entry in result.lineage]
    # A loader makes all three changes before it takes the weights.
    network, info = from_pretrained(AutoModelForSequenceClassification, folder.artifact("c1") / "model")
    assert not info["unexpected_keys"]
    with torch.no_grad():
        expected = network.eval()(**{name: torch.tensor(value) for name, value in TEXT.items()}).logits
    found = OnnxClassifier(folder.artifact("c1") / "model.onnx").logits(TEXT)
    assert (torch.tensor(found) - expected).abs().max() < 1e-4
