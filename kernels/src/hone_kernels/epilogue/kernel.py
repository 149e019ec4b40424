"""What follows a convolution when batch norm is folded: one read, one write."""

import triton
import triton.language as tl


@triton.jit
def scale_shift_relu_kernel(
    values,
    scale,
    shift,
    residual,
    result,
    count,
    channels,
    inner,
    HAS_RESIDUAL: tl.constexpr,
    RELU: tl.constexpr,
    WIDE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write relu(values * scale[c] + shift[c] + residual) over elements in the order in which they are stored.

    `inner` is how many neighbors are of one channel: the area of a picture in NCHW, 1 in NHWC. WIDE counts in 64 bits.
    """
    block = tl.program_id(0)
    if WIDE:
        block = block.to(tl.int64)
    offsets = block * BLOCK + tl.arange(0, BLOCK)
    inside = offsets < count
    channel = offsets // inner % channels
    value = tl.load(values + offsets, mask=inside).to(tl.float32)
    value = value * tl.load(scale + channel, mask=inside).to(tl.float32)
    value += tl.load(shift + channel, mask=inside).to(tl.float32)
    if HAS_RESIDUAL:
        value += tl.load(residual + offsets, mask=inside).to(tl.float32)
    if RELU:
        # Not a maximum, which would make 0 of NaN.
        value = tl.where(value < 0, 0.0, value)
    tl.store(result + offsets, value.to(result.dtype.element_ty), mask=inside)
