import pytest
import torch

from hone_kernels import bottleneck_adapter, used
from hone_kernels.bottleneck import WIDEST

ACTIVATIONS = ["ReLU", "GELU", "SiLU", "Tanh"]
# (dtype, atol, rtol). BF16 products are garbage in the interpreter; that dtype is compiled ahead of time only.
TOLERANCES = [(torch.float32, 2e-6, 1e-5), (torch.float16, 4e-3, 4e-3)]
# rows, width, size: one of each; sides off every block; more rows and columns than a block; the widest bottleneck.
SHAPES = [(1, 1, 1), (5, 70, 3), (33, 67, 17), (70, 130, 48), (3, 160, WIDEST)]
NAMES = ("hidden", "down", "down_bias", "up", "up_bias")


def tensors(rows, width, size, dtype=torch.float32, weights=None):
    generator = torch.Generator().manual_seed(rows)
    scales = (
        ((rows, width), 1),
        ((size, width), width**-0.5),
        ((size,), 1),
        ((width, size), size**-0.5),
        ((width,), 1),
    )
    drawn = [torch.randn(*shape, generator=generator) * scale for shape, scale in scales]
    return [drawn[0].to(dtype), *(tensor.to(weights or dtype) for tensor in drawn[1:])]


def both(leaves, activation, dtype):
    results = {}
    for use in ("Triton", "Reference"):
        own = [tensor.clone().requires_grad_(True) for tensor in leaves]
        result = bottleneck_adapter(*own, activation=activation, use=use)
        result.backward(torch.randn(result.shape, generator=torch.Generator().manual_seed(2)).to(dtype))
        results[use] = [result.detach(), *(leaf.grad for leaf in own)]
    return zip(("result", *NAMES), *results.values(), strict=True)


@pytest.mark.parametrize(("dtype", "atol", "rtol"), TOLERANCES, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_result_and_gradients_are_the_reference_s(shape, activation, dtype, atol, rtol):
    for name, ours, expected in both(tensors(*shape, dtype), activation, dtype):
        assert ours.dtype == dtype
        # Sums of many products: an error relative to the largest.
        largest = max(1, expected.abs().max().item())
        torch.testing.assert_close(
            ours, expected, atol=atol * largest, rtol=rtol, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_gradients_are_slopes(activation):
    leaves = [tensor.double().requires_grad_(True) for tensor in tensors(4, 20, 5)]

    def plain(hidden, down, down_bias, up, up_bias):
        act = {"ReLU": torch.relu, "GELU": torch.nn.functional.gelu, "Tanh": torch.tanh, "SiLU": torch.nn.SiLU()}
        return ((hidden + act[activation](hidden @ down.t() + down_bias) @ up.t() + up_bias) ** 2).sum()

    assert torch.autograd.gradcheck(plain, leaves)
    expected = torch.autograd.grad(plain(*leaves), leaves)
    ours = [tensor.detach().float().requires_grad_(True) for tensor in leaves]
    result = bottleneck_adapter(*ours, activation=activation, use="Triton")
    for slope, right in zip(torch.autograd.grad((result**2).sum(), ours), expected, strict=True):
        torch.testing.assert_close(slope.double(), right, atol=1e-4, rtol=1e-4)


def test_weights_may_be_wider_than_what_is_computed_in():
    """Masters are FP32 under autocast, and their gradients are too."""
    leaves = [tensor.requires_grad_(True) for tensor in tensors(6, 40, 8, torch.float16, torch.float32)]
    ours = bottleneck_adapter(*leaves, activation="GELU", use="Triton")
    expected = bottleneck_adapter(*(leaf.half() for leaf in leaves), activation="GELU", use="Reference")
    assert ours.dtype == torch.float16
    torch.testing.assert_close(ours, expected, atol=4e-3, rtol=4e-3)
    ours.sum().backward()
    assert {leaf.grad.dtype for leaf in leaves[1:]} == {torch.float32}


def test_autocast_s_dtype_is_computed_in():
    leaves = tensors(6, 40, 8)
    with torch.autocast("cpu", dtype=torch.float16):
        ours = bottleneck_adapter(*leaves, activation="Tanh", use="Triton")
        expected = bottleneck_adapter(*leaves, activation="Tanh", use="Reference")
    assert ours.dtype == expected.dtype == torch.float32
    torch.testing.assert_close(ours, expected, atol=4e-3, rtol=4e-3)
    assert not torch.equal(ours, bottleneck_adapter(*leaves, activation="Tanh", use="Triton"))


@pytest.mark.parametrize("use", ["Triton", "Reference"])
def test_zeros_in_the_second_product_are_the_identity(use):
    hidden, down, down_bias, up, up_bias = tensors(7, 24, 6)
    same = bottleneck_adapter(hidden, down, down_bias, up * 0, up_bias * 0, activation="GELU", use=use)
    assert torch.equal(same, hidden)


def test_leading_dimensions_and_strides_and_no_rows():
    leaves = tensors(6, 20, 4)
    hidden = torch.randn(2, 3, 40)[..., ::2]
    expected = bottleneck_adapter(hidden, *leaves[1:], activation="ReLU", use="Reference")
    torch.testing.assert_close(bottleneck_adapter(hidden, *leaves[1:], activation="ReLU", use="Triton"), expected)
    empty = hidden[:0].requires_grad_(True)
    bottleneck_adapter(empty, *leaves[1:], activation="ReLU", use="Triton").sum().backward()
    assert empty.grad.shape == (0, 3, 20)


def test_nan_stays_nan():
    leaves = tensors(2, 4, 2)
    leaves[0][0, 1] = float("nan")
    result = bottleneck_adapter(*leaves, activation="ReLU", use="Triton")
    assert result.isnan().all(-1).tolist() == [True, False]


def test_a_wide_bottleneck_takes_the_reference():
    leaves = tensors(2, 4, WIDEST + 1)
    bottleneck_adapter(*leaves, activation="ReLU")
    assert used()["bottleneck_adapter"].reason == "the bottleneck is 129 wide, and the kernel takes up to 128"
    with pytest.raises(RuntimeError, match="can't run its kernel: the bottleneck is 129 wide"):
        bottleneck_adapter(*leaves, activation="ReLU", use="Triton")


def test_other_dtypes_take_the_reference():
    leaves = [tensor.double() for tensor in tensors(2, 4, 2)]
    assert bottleneck_adapter(*leaves, activation="ReLU").dtype == torch.float64
    assert used()["bottleneck_adapter"].reason.startswith("hidden is torch.float64 and down torch.float64")


@pytest.mark.parametrize(
    ("place", "value", "sentence"),
    [
        (0, torch.ones(2, 4).int(), "hidden is torch.int32; write float32, float16 or bfloat16"),
        (1, torch.ones(2, 5), r"down is \[2, 5\]; write \[2, 4\] for hidden of \[2, 4\]"),
        (2, torch.ones(3), r"down_bias is \[3\]; write \[2\]"),
        (3, torch.ones(2, 4), r"up is \[2, 4\]; write \[4, 2\]"),
        (4, torch.ones(1), r"up_bias is \[1\]; write \[4\]"),
    ],
)
def test_what_does_not_fit_is_said(place, value, sentence):
    leaves = tensors(2, 4, 2)
    leaves[place] = value
    with pytest.raises(ValueError, match=sentence):
        bottleneck_adapter(*leaves, activation="ReLU")


def test_an_unknown_activation_is_said():
    with pytest.raises(ValueError, match="there is no activation Swish; write ReLU, GELU, SiLU, Tanh"):
        bottleneck_adapter(*tensors(2, 4, 2), activation="Swish")
