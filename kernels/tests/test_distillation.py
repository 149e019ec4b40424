import pytest
import torch

import hone_kernels
from hone_kernels import distillation_loss

# (dtype, atol, rtol) of the gradient, which is in the logits' dtype.
TOLERANCES = [(torch.float32, 1e-6, 1e-5), (torch.float16, 1e-5, 2e-3), (torch.bfloat16, 1e-4, 1.6e-2)]
# One class, an odd width, one block to its last column, one column more than a block, several blocks with a rest.
WIDTHS = [1, 2, 37, 1000, 8192, 8193, 13001]


def rows(count, width, dtype=torch.float32, seed=0, scale=4.0):
    generator = torch.Generator().manual_seed(seed)
    student = torch.randn(count, width, generator=generator) * scale
    teacher = torch.randn(count, width, generator=generator) * scale
    labels = torch.randint(0, width, (count,), generator=generator)
    return student.to(dtype), teacher.to(dtype), labels


def both(student, teacher, labels, factor=1.0, **settings):
    results = []
    for use in ("Triton", "Reference"):
        leaf = student.clone().requires_grad_(True)
        loss = distillation_loss(leaf, teacher, labels, use=use, **settings)
        (loss * factor).backward()
        results.append((loss.detach(), leaf.grad))
    return results


@pytest.mark.parametrize(("dtype", "atol", "rtol"), TOLERANCES, ids=str)
@pytest.mark.parametrize("width", WIDTHS)
def test_loss_and_gradient_are_the_reference_s(width, dtype, atol, rtol):
    student, teacher, labels = rows(3, width, dtype)
    labels[1] = -100
    (loss, gradient), (expected_loss, expected) = both(student, teacher, labels, temperature=2.5, alpha=0.7)
    torch.testing.assert_close(loss, expected_loss, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=atol, rtol=rtol)
    assert gradient.dtype == dtype
    assert not gradient[1].any()


@pytest.mark.parametrize("width", [7, 9000])
@pytest.mark.parametrize(("alpha", "temperature"), [(0.0, 1.0), (1.0, 1.0), (0.3, 0.5), (0.5, 20.0)])
def test_every_weight_and_temperature(width, alpha, temperature):
    student, teacher, labels = rows(2, width, seed=3)
    (loss, gradient), (expected_loss, expected) = both(student, teacher, labels, alpha=alpha, temperature=temperature)
    torch.testing.assert_close(loss, expected_loss, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)


def test_the_gradient_is_the_slope_of_the_loss():
    student, teacher, labels = (
        value.double() if value.is_floating_point() else value for value in rows(3, 5, seed=1, scale=1.0)
    )
    labels[2] = -100
    expected = torch.autograd.functional.jacobian(
        lambda logits: _plain(logits, teacher, labels, temperature=3.0, alpha=0.6), student
    )
    leaf = student.float().requires_grad_(True)
    distillation_loss(leaf, teacher.float(), labels, temperature=3.0, alpha=0.6, use="Triton").backward()
    torch.testing.assert_close(leaf.grad.double(), expected, atol=1e-6, rtol=1e-5)
    step = 1e-3
    for index in [(0, 0), (1, 3), (2, 2)]:
        beyond, before = student.float().clone(), student.float().clone()
        beyond[index] += step
        before[index] -= step
        ends = [
            distillation_loss(at, teacher.float(), labels, temperature=3.0, alpha=0.6, use="Triton")
            for at in (beyond, before)
        ]
        assert (ends[0] - ends[1]).item() / (2 * step) == pytest.approx(expected[index].item(), abs=2e-4)


def _plain(student, teacher, labels, temperature, alpha):
    """The definition, written a third way and in FP64."""
    losses = []
    for s, t, label in zip(student, teacher, labels.tolist(), strict=True):
        if label == -100:
            continue
        q = torch.softmax(t / temperature, -1)
        kl = (q * (q.log() - torch.log_softmax(s / temperature, -1))).sum()
        losses.append((1 - alpha) * -torch.log_softmax(s, -1)[label] + alpha * temperature**2 * kl)
    return torch.stack(losses).mean()


def test_leading_dimensions_and_strides():
    student, teacher, labels = rows(12, 2 * 11, seed=2)
    student, teacher = student.reshape(3, 4, 22)[..., ::2], teacher.reshape(3, 4, 22)[:, :, 11:]
    labels = labels.reshape(4, 3).t() % 11
    (loss, gradient), (expected_loss, expected) = both(student, teacher, labels, temperature=2.0)
    torch.testing.assert_close(loss, expected_loss, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-5)


def test_rows_with_a_gap_between_them_are_not_copied():
    student, teacher, labels = rows(4, 50, seed=9)
    (loss, gradient), (expected_loss, expected) = both(student[:, :31], teacher[:, :31], labels % 31)
    torch.testing.assert_close(loss, expected_loss, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("width", [64, 12000])
def test_a_large_common_offset_costs_no_digits(width):
    student, teacher, labels = rows(2, width, seed=4, scale=1.0)
    # Multiples of 1/1024 stay what they are when 4096 is added, so that the same values are compared.
    student, teacher = (student * 1024).round() / 1024, (teacher * 1024).round() / 1024
    near = distillation_loss(student, teacher, labels, use="Triton")
    far = distillation_loss(student + 4096, teacher - 2048, labels, use="Triton")
    torch.testing.assert_close(far, near, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("width", [100, 9001])
def test_classes_that_both_rule_out_count_nothing(width):
    student, teacher, labels = rows(3, width, seed=5)
    student[:, : width // 2] = teacher[:, : width // 2] = float("-inf")
    labels[:] = width - 1
    (loss, gradient), (expected_loss, expected) = both(student, teacher, labels, temperature=2.0)
    torch.testing.assert_close(loss, expected_loss, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)
    assert loss.isfinite()


def test_ignored_rows_may_hold_anything():
    student, teacher, labels = rows(3, 10)
    student[0], teacher[0], labels[0] = float("nan"), float("inf"), -1
    (loss, gradient), (expected_loss, expected) = both(student, teacher, labels, ignore_index=-1)
    torch.testing.assert_close(loss, expected_loss)
    torch.testing.assert_close(gradient, expected)
    assert loss.isfinite()


@pytest.mark.parametrize("use", ["Triton", "Reference"])
def test_nothing_that_counts_is_no_loss(use):
    student, teacher, labels = rows(3, 10)
    leaf = student.requires_grad_(True)
    loss = distillation_loss(leaf, teacher, torch.full_like(labels, -100), use=use)
    loss.backward()
    assert loss.item() == 0
    assert not leaf.grad.any()
    empty = distillation_loss(student[:0], teacher[:0], labels[:0], use=use)
    assert empty.item() == 0


def test_without_labels_only_the_teacher_counts():
    student, teacher, _ = rows(4, 33)
    (loss, gradient), (expected_loss, expected) = both(student, teacher, None, alpha=1.0, temperature=4.0)
    torch.testing.assert_close(loss, expected_loss, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-5)


def test_a_loss_scale_keeps_small_gradients_of_fp16():
    student, teacher, labels = rows(32, 200, torch.float16, seed=6, scale=5.0)
    (_, gradient), (_, expected) = both(student, teacher, labels, factor=4096.0, temperature=2.0)
    torch.testing.assert_close(gradient, expected, atol=1e-5, rtol=2e-3)
    (_, plain), _ = both(student, teacher, labels, temperature=2.0)
    assert (gradient != 0).sum() > (plain != 0).sum()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_loss_s_own_gradient_is_multiplied(dtype):
    student, teacher, labels = rows(4, 30, dtype)
    (_, gradient), (_, expected) = both(student, teacher, labels, factor=-3.0)
    torch.testing.assert_close(gradient, expected, atol=1e-3, rtol=1.6e-2)


def test_going_backward_twice_is_refused_and_not_wrong():
    student, teacher, labels = rows(2, 8)
    loss = distillation_loss(student.requires_grad_(True), teacher, labels, use="Triton")
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="goes backward once"):
        loss.backward()


def test_a_label_out_of_range_is_nan_in_the_kernel():
    student, teacher, labels = rows(2, 8)
    labels[0] = 8
    assert distillation_loss(student, teacher, labels, use="Triton").isnan()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"temperature": 0.0}, "the temperature is 0.0; write a number above 0"),
        ({"alpha": 1.5}, "alpha is 1.5; write a number from 0 to 1"),
        ({"labels": None}, "write alpha=1 or give labels"),
        ({"labels": torch.zeros(3, dtype=torch.int64)}, r"write int64 of \[2\]"),
        ({"labels": torch.zeros(2, dtype=torch.int32)}, r"of torch.int32; write int64"),
        ({"teacher": torch.zeros(2, 7)}, "they must be of one shape"),
        ({"student": torch.zeros(2, 8, dtype=torch.float64)}, "write float32, float16 or bfloat16"),
    ],
)
def test_what_does_not_fit_is_said(change, sentence):
    student, teacher, labels = rows(2, 8)
    arguments = {"student": student, "teacher": teacher, "labels": labels} | change
    with pytest.raises(ValueError, match=sentence):
        distillation_loss(**arguments)


def test_a_cpu_takes_the_reference_and_says_so():
    student, teacher, labels = rows(2, 8)
    distillation_loss(student, teacher, labels)
    assert hone_kernels.used()["distillation_loss"] == hone_kernels.Choice("Reference", "the tensors are on cpu")
    distillation_loss(student, teacher, labels, use="Triton")
    assert hone_kernels.used()["distillation_loss"].implementation == "Triton"
    hone_kernels.forget()
    assert hone_kernels.used() == {}
