import pytest
import torch

from hone_kernels import unscale_and_clip, used

# (dtype, atol, rtol): gradients are rounded to their dtype once.
TOLERANCES = [(torch.float32, 1e-6, 1e-5), (torch.float16, 1e-6, 1e-3), (torch.bfloat16, 1e-6, 8e-3)]
# One element, less and more than a block, a chunk to its last element, several chunks with a rest, none at all.
SHAPES = [(1,), (3, 5), (2049,), (32768,), (2, 33001), (0, 7)]


def gradients(dtype=torch.float32, shapes=SHAPES, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return [(torch.randn(*shape, generator=generator) * scale).to(dtype) for shape in shapes]


def both(tensors, *arguments):
    results = []
    for use in ("Triton", "Reference"):
        copies = [tensor.clone() for tensor in tensors]
        results.append((unscale_and_clip(copies, *arguments, use=use), copies))
    return results


@pytest.mark.parametrize(("dtype", "atol", "rtol"), TOLERANCES, ids=str)
@pytest.mark.parametrize("max_norm", [None, 1.0, 1e6])
def test_what_the_reference_does(dtype, atol, rtol, max_norm):
    (found, ours), (expected, reference) = both(gradients(dtype, scale=64.0), 64.0, max_norm)
    torch.testing.assert_close(found.norm, expected.norm, atol=1e-5, rtol=1e-5)
    assert found.found_inf.item() == expected.found_inf.item() == 0
    for a, b in zip(ours, reference, strict=True):
        torch.testing.assert_close(a, b, atol=atol, rtol=rtol)


def test_it_is_what_pytorch_does_in_several_steps():
    parameters = [torch.nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients(scale=1024.0)]
    for parameter, gradient in zip(parameters, gradients(scale=1024.0), strict=True):
        parameter.grad = gradient / 1024
    norm = torch.nn.utils.clip_grad_norm_(parameters, 0.5)
    ours = gradients(scale=1024.0)
    found = unscale_and_clip(ours, torch.tensor([1024.0]), 0.5, use="Triton")
    torch.testing.assert_close(found.norm, norm, atol=1e-4, rtol=1e-5)
    for gradient, parameter in zip(ours, parameters, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, atol=1e-7, rtol=1e-5)


@pytest.mark.parametrize("use", ["Triton", "Reference"])
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
@pytest.mark.parametrize("place", [0, 3, 4])
def test_one_value_that_is_not_finite_leaves_everything(use, value, place):
    tensors = gradients(torch.float16)
    tensors[place].view(-1)[-1] = value
    before = [tensor.clone() for tensor in tensors]
    found = unscale_and_clip(tensors, 8.0, 1.0, use=use)
    assert found.found_inf.item() == 1
    for tensor, old in zip(tensors, before, strict=True):
        torch.testing.assert_close(tensor, old, equal_nan=True, atol=0, rtol=0)


@pytest.mark.parametrize("use", ["Triton", "Reference"])
def test_the_largest_finite_value_is_no_infinity(use):
    tensors = [torch.tensor([65504.0], dtype=torch.float16)]
    found = unscale_and_clip(tensors, 2.0, use=use)
    assert found.found_inf.item() == 0
    assert tensors[0].item() == 32752


def test_dtypes_may_be_mixed_and_layouts_dense():
    mixed = [
        *gradients(torch.float32, [(2, 3, 4, 5)]),
        *gradients(torch.float16, [(7,)], 1),
        *gradients(torch.bfloat16, [(9,)], 2),
    ]
    mixed[0] = mixed[0].to(memory_format=torch.channels_last)
    (found, ours), (expected, reference) = both(mixed, 4.0, 0.25)
    torch.testing.assert_close(found.norm, expected.norm)
    for a, b in zip(ours, reference, strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=8e-3)


def test_gradients_with_gaps_take_the_reference():
    wide = torch.ones(4, 6)
    unscale_and_clip([wide[:, :3]], 2.0)
    assert wide.tolist() == [[0.5] * 3 + [1.0] * 3] * 4
    assert used()["unscale_and_clip"].reason == "a gradient has gaps between its elements"
    with pytest.raises(RuntimeError, match="a gradient has gaps"):
        unscale_and_clip([wide[:, :3]], 2.0, use="Triton")


def test_gradients_at_new_addresses_are_found():
    for seed in range(3):
        (found, ours), (expected, reference) = both(gradients(seed=seed, shapes=[(5,), (6,)]), 1.0, 0.1)
        torch.testing.assert_close(found.norm, expected.norm)
        torch.testing.assert_close(ours, reference)


def test_nothing_to_do():
    assert unscale_and_clip([], 2.0, 1.0).norm.item() == 0
    found = unscale_and_clip([torch.zeros(0)], 2.0, 1.0, use="Triton")
    assert (found.norm.item(), found.found_inf.item()) == (0, 0)
    zeros = [torch.zeros(3)]
    assert unscale_and_clip(zeros, 2.0, 1.0, use="Triton").norm.item() == 0
    assert zeros[0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("tensors", "settings", "sentence"),
    [
        ([torch.ones(1)], {"max_norm": 0.0}, "max_norm is 0.0; write a number above 0"),
        ([torch.ones(1)], {"scale": 0.0}, "the scale is 0.0; write a number above 0"),
        ([torch.ones(1, dtype=torch.float64)], {}, "a gradient is torch.float64; write float32"),
        ([torch.ones(1), torch.ones(1, device="meta")], {}, "the gradients are on several devices"),
    ],
)
def test_what_does_not_fit_is_said(tensors, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        unscale_and_clip(tensors, **settings)
