import pytest
import torch
from torch import nn

from hone_kernels import scale_shift_relu, used

# (dtype, atol, rtol): one rounding to the dtype.
TOLERANCES = [(torch.float32, 1e-6, 1e-6), (torch.float16, 1e-4, 1e-3), (torch.bfloat16, 1e-3, 8e-3)]
SHAPES = [(2, 3, 5, 7), (1, 1, 1, 1), (3, 17), (2, 4, 33, 31), (2, 5, 9), (1, 1, 40, 40)]


def inputs(shape, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    values, residual = (torch.randn(*shape, generator=generator).to(dtype) for _ in range(2))
    scale, shift = (torch.randn(shape[1], generator=generator) for _ in range(2))
    return values, scale, shift, residual


@pytest.mark.parametrize(("dtype", "atol", "rtol"), TOLERANCES, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("with_residual", [False, True])
@pytest.mark.parametrize("relu", [False, True])
def test_what_the_reference_does(shape, dtype, atol, rtol, with_residual, relu):
    values, scale, shift, residual = inputs(shape, dtype)
    extra = residual if with_residual else None
    ours = scale_shift_relu(values, scale, shift, extra, relu=relu, use="Triton")
    expected = scale_shift_relu(values, scale, shift, extra, relu=relu, use="Reference")
    torch.testing.assert_close(ours, expected, atol=atol, rtol=rtol)


@pytest.mark.parametrize("shape", [(2, 6, 5, 7), (2, 1, 3, 3), (2, 3, 1, 1)], ids=str)
@pytest.mark.parametrize("other", [torch.contiguous_format, torch.channels_last])
def test_channels_last_stays_channels_last(shape, other):
    values, scale, shift, residual = inputs(shape)
    expected = scale_shift_relu(values, scale, shift, residual, use="Reference")
    values = values.to(memory_format=torch.channels_last)
    ours = scale_shift_relu(values, scale, shift, residual.to(memory_format=other), use="Triton")
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=1e-6)
    assert ours.is_contiguous(memory_format=torch.channels_last)


def test_it_stands_for_batch_norm_addition_and_relu():
    values, weight, bias, residual = inputs((2, 4, 6, 6))
    norm = nn.BatchNorm2d(4).eval()
    norm.weight.data, norm.bias.data = weight, bias
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        expected = (norm(values) + residual).relu()
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        ours = scale_shift_relu(values, scale, norm.bias - norm.running_mean * scale, residual, use="Triton")
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("use", ["Triton", "Reference"])
def test_nan_stays_nan(use):
    values = torch.tensor([[float("nan"), -1.0, float("-inf")]])
    result = scale_shift_relu(values, torch.ones(3), torch.zeros(3), use=use)
    assert result.isnan().tolist() == [[True, False, False]]
    assert result[0, 1:].tolist() == [0, 0]


def test_no_values():
    values, scale, shift, _ = inputs((0, 3, 4))
    assert scale_shift_relu(values, scale, shift, use="Triton").shape == (0, 3, 4)


def test_a_wanted_gradient_takes_the_reference():
    values, scale, shift, _ = inputs((2, 3))
    values.requires_grad_(True)
    scale_shift_relu(values, scale, shift).sum().backward()
    assert values.grad is not None
    assert used()["scale_shift_relu"].reason == "a gradient is wanted, and the kernel has none"
    with torch.no_grad():
        scale_shift_relu(values, scale, shift, use="Triton")


def test_other_layouts_take_the_reference():
    values, scale, shift, _ = inputs((2, 3, 8))
    scale_shift_relu(values[:, :, ::2], scale, shift)
    assert used()["scale_shift_relu"].reason == "the values are laid out neither as NCHW nor as NHWC"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"values": torch.ones(3)}, r"the values are \[3\]; write \[batch, channels, …\]"),
        ({"values": torch.ones(2, 3, dtype=torch.int32)}, "the values are torch.int32; write float32"),
        ({"scale": torch.ones(2)}, r"scale is \[2\] and shift \[3\]; write \[3\] for each"),
        ({"residual": torch.ones(2, 1)}, r"the residual is \[2, 1\] of torch.float32; write \[2, 3\]"),
        ({"residual": torch.ones(2, 3).half()}, r"of torch.float16; write \[2, 3\] of torch.float32"),
    ],
)
def test_what_does_not_fit_is_said(change, sentence):
    values, scale, shift, residual = inputs((2, 3))
    with pytest.raises(ValueError, match=sentence):
        scale_shift_relu(**{"values": values, "scale": scale, "shift": shift, "residual": residual} | change)
