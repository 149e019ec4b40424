from itertools import pairwise

import pytest
import torch

from hone_kernels import FourBitWeight, four_bit_linear, used
from hone_kernels.fourbit.weight import NF4

# (dtype, atol, rtol). BF16 products are garbage in the interpreter; that dtype is compiled ahead of time only.
TOLERANCES = [(torch.float32, 1e-5, 1e-5), (torch.float16, 2e-2, 4e-3)]
# rows, inputs, outputs, group: one row; a short last group; sides off every block; groups below a block and above.
SHAPES = [(1, 64, 16, 64), (5, 70, 33, 32), (17, 130, 67, 64), (33, 48, 80, 16), (70, 192, 66, 128)]


def matrix(kind, outputs, inputs, group):
    weight = torch.randn(outputs, inputs, generator=torch.Generator().manual_seed(7)) / inputs**0.5
    if kind == "nf4":
        return FourBitWeight.nf4(weight, group)
    return FourBitWeight.int4(weight + (0.02 if kind == "asymmetric" else 0), group, symmetric=kind == "int4")


def tensors(rows, inputs, outputs, dtype=torch.float32, rank=5):
    generator = torch.Generator().manual_seed(1)
    values, bias, down, up = (
        torch.randn(*shape, generator=generator) * scale
        for shape, scale in (((rows, inputs), 1), ((outputs,), 1), ((rank, inputs), inputs**-0.5), ((outputs, rank), 1))
    )
    return values.to(dtype), bias.to(dtype), down.to(dtype), up.to(dtype)


@pytest.mark.parametrize(("dtype", "atol", "rtol"), TOLERANCES, ids=str)
@pytest.mark.parametrize("kind", ["int4", "asymmetric", "nf4"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_result_and_gradients_are_the_reference_s(shape, kind, dtype, atol, rtol):
    rows, inputs, outputs, group = shape
    weight = matrix(kind, outputs, inputs, group)
    results = {}
    for use in ("Triton", "Reference"):
        leaves = [tensor.clone().requires_grad_(True) for tensor in tensors(rows, inputs, outputs, dtype)]
        values, bias, down, up = leaves
        result = four_bit_linear(values, weight, bias, (down, up), scaling=0.5, use=use)
        slope = torch.randn(result.shape, generator=torch.Generator().manual_seed(2)).to(dtype)
        result.backward(slope)
        results[use] = [result.detach(), *(leaf.grad for leaf in leaves)]
    for name, ours, expected in zip(("result", "values", "bias", "down", "up"), *results.values(), strict=True):
        assert ours.dtype == dtype
        # Sums of many products: an error relative to the largest.
        torch.testing.assert_close(
            ours,
            expected,
            atol=atol * max(1, expected.abs().max().item()),
            rtol=rtol,
            msg=lambda text, name=name: f"{name}: {text}",
        )


def test_the_gradients_are_slopes():
    weight = matrix("nf4", 16, 32, 16)
    values, bias, down, up = (tensor.double() for tensor in tensors(3, 32, 16))
    dense = weight.dequantize().double()

    def plain(values, bias, down, up):
        return ((values @ dense.t() + bias + 2.0 * (values @ down.t()) @ up.t()) ** 2).sum()

    leaves = [tensor.requires_grad_(True) for tensor in (values, bias, down, up)]
    assert torch.autograd.gradcheck(plain, leaves)
    expected = torch.autograd.grad(plain(*leaves), leaves)
    ours = [tensor.detach().float().requires_grad_(True) for tensor in leaves]
    result = four_bit_linear(ours[0], weight, ours[1], (ours[2], ours[3]), scaling=2.0, use="Triton")
    for slope, right in zip(torch.autograd.grad((result**2).sum(), ours), expected, strict=True):
        torch.testing.assert_close(slope.double(), right, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize("use", ["Triton", "Reference"])
def test_without_bias_and_lora_and_with_leading_dimensions(use):
    weight = matrix("int4", 20, 32, 32)
    values = torch.randn(2, 3, 64)[..., ::2]
    expected = values @ weight.dequantize().t()
    torch.testing.assert_close(four_bit_linear(values, weight, use=use), expected, atol=1e-5, rtol=1e-5)
    assert four_bit_linear(values[:0], weight, use=use).shape == (0, 3, 20)


def test_factors_may_be_wider_than_the_values():
    weight = matrix("nf4", 20, 32, 32)
    values, bias, down, up = tensors(3, 32, 20)
    ours = four_bit_linear(values.half(), weight, bias, (down, up), use="Triton")
    expected = four_bit_linear(values.half(), weight, bias, (down, up), use="Reference")
    torch.testing.assert_close(ours, expected, atol=2e-2, rtol=4e-3)


@pytest.mark.parametrize("kind", ["int4", "asymmetric", "nf4"])
def test_rounding_is_to_the_nearest(kind):
    weight = torch.randn(4, 96, generator=torch.Generator().manual_seed(3))
    if kind == "nf4":
        four = FourBitWeight.nf4(weight, 32)
        steps = max(b - a for a, b in pairwise(NF4)) * four.scales
    else:
        four = FourBitWeight.int4(weight, 32, symmetric=kind == "int4")
        steps = four.scales
    error = (four.dequantize() - weight).abs().reshape(4, 3, 32).amax(-1)
    # The zero point is rounded too: half a step more at the ends.
    assert (error <= steps * (1.001 if kind == "asymmetric" else 0.501)).all()


def test_groups_of_zeros_stay_zero():
    for four in (FourBitWeight.int4(torch.zeros(2, 32)), FourBitWeight.nf4(torch.zeros(2, 32))):
        assert not four.dequantize().any()


def test_nf4_is_bitsandbytes_own():
    functional = pytest.importorskip("bitsandbytes.functional")
    weight = torch.randn(8, 128, generator=torch.Generator().manual_seed(4))
    packed, state = functional.quantize_4bit(weight, blocksize=64, quant_type="nf4")
    theirs = FourBitWeight(packed.reshape(8, 64), state.absmax.reshape(8, 2), 64, code=state.code)
    torch.testing.assert_close(theirs.dequantize(), functional.dequantize_4bit(packed, state))
    torch.testing.assert_close(theirs.dequantize(), FourBitWeight.nf4(weight, 64).dequantize())


def test_a_large_rank_takes_the_reference():
    weight = matrix("int4", 16, 32, 32)
    values, bias, down, up = tensors(2, 32, 16, rank=65)
    four_bit_linear(values, weight, bias, (down, up))
    assert used()["four_bit_linear"].reason == "the rank is 65, above 64"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"values": torch.ones(2, 31)}, r"the values are \[2, 31\]; write \[..., 32\]"),
        ({"values": torch.ones(2, 32).double()}, "the values are torch.float64; write float16"),
        ({"bias": torch.ones(3)}, r"the bias is \[3\]; write \[16\]"),
        ({"lora": (torch.ones(4, 32), torch.ones(4, 16))}, r"write \[rank, 32\] and \[16, rank\]"),
    ],
)
def test_what_does_not_fit_is_said(change, sentence):
    with pytest.raises(ValueError, match=sentence):
        four_bit_linear(**{"values": torch.ones(2, 32), "weight": matrix("int4", 16, 32, 32)} | change)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: FourBitWeight.int4(torch.ones(2, 32), 24), "the group size is 24; write a power of two from 16 up"),
        (lambda: FourBitWeight.nf4(torch.ones(2, 33)), "write a matrix with an even number of columns"),
        (lambda: FourBitWeight(torch.ones(2, 8), torch.ones(2, 1), 16), r"write uint8 \[outputs, inputs / 2\]"),
        (lambda: FourBitWeight(torch.ones(2, 8).byte(), torch.ones(2, 2), 16), r"write float32 \[2, 1\]"),
    ],
)
def test_what_is_no_weight_is_said(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
