"""A bottleneck adapter's two products and its activation, forward and backward, a block of rows to a program."""

import triton
import triton.language as tl


@triton.jit
def _sigmoid(value):
    return 1.0 / (1.0 + tl.exp(-value))


@triton.jit
def _activate(value, ACTIVATION: tl.constexpr):
    if ACTIVATION == "ReLU":
        # Not a maximum, which would make 0 of NaN.
        result = tl.where(value < 0, 0.0, value)
    elif ACTIVATION == "GELU":
        result = 0.5 * value * (1.0 + tl.erf(value * 0.7071067811865476))
    elif ACTIVATION == "SiLU":
        result = value * _sigmoid(value)
    else:
        result = 2.0 * _sigmoid(2.0 * value) - 1.0
    return result


@triton.jit
def _slope(value, ACTIVATION: tl.constexpr):
    if ACTIVATION == "ReLU":
        result = tl.where(value > 0, 1.0, 0.0)
    elif ACTIVATION == "GELU":
        density = 0.3989422804014327 * tl.exp(-0.5 * value * value)
        result = 0.5 * (1.0 + tl.erf(value * 0.7071067811865476)) + value * density
    elif ACTIVATION == "SiLU":
        share = _sigmoid(value)
        result = share * (1.0 + value * (1.0 - share))
    else:
        once = 2.0 * _sigmoid(2.0 * value) - 1.0
        result = 1.0 - once * once
    return result


@triton.jit
def forward_kernel(
    hidden,
    down,
    down_bias,
    up,
    up_bias,
    narrow,
    result,
    rows,
    width,
    size,
    ACTIVATION: tl.constexpr,
    COMPUTE: tl.constexpr,
    SIZE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Write narrow[rows, size] = hidden @ down^T + down_bias and result[rows, width], everything contiguous.

    The products take their factors in COMPUTE and add up in FP32; SIZE is `size`, padded to what a product takes.
    """
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    row_inside = row < rows
    at = row.to(tl.int64)[:, None]
    place = tl.arange(0, SIZE)
    place_inside = place < size
    total = tl.zeros([BLOCK_ROWS, SIZE], tl.float32)
    for start in range(0, width, BLOCK_WIDTH):
        column = start + tl.arange(0, BLOCK_WIDTH)
        column_inside = column < width
        left = tl.load(
            hidden + at * width + column[None, :], mask=row_inside[:, None] & column_inside[None, :], other=0.0
        )
        right = tl.load(
            down + place[None, :] * width + column[:, None],
            mask=place_inside[None, :] & column_inside[:, None],
            other=0.0,
        )
        total = tl.dot(left.to(COMPUTE), right.to(COMPUTE), total, input_precision=PRECISION)
    total += tl.load(down_bias + place, mask=place_inside, other=0.0).to(COMPUTE).to(tl.float32)[None, :]
    before = total.to(COMPUTE)
    tl.store(narrow + at * size + place[None, :], before, mask=row_inside[:, None] & place_inside[None, :])
    active = _activate(before.to(tl.float32), ACTIVATION).to(COMPUTE)
    for start in range(0, width, BLOCK_WIDTH):
        column = start + tl.arange(0, BLOCK_WIDTH)
        column_inside = column < width
        right = tl.load(
            up + column[None, :] * size + place[:, None],
            mask=place_inside[:, None] & column_inside[None, :],
            other=0.0,
        )
        change = tl.dot(active, right.to(COMPUTE), input_precision=PRECISION)
        change += tl.load(up_bias + column, mask=column_inside, other=0.0).to(COMPUTE).to(tl.float32)[None, :]
        inside = row_inside[:, None] & column_inside[None, :]
        value = tl.load(hidden + at * width + column[None, :], mask=inside, other=0.0).to(tl.float32)
        tl.store(result + at * width + column[None, :], (value + change).to(result.dtype.element_ty), mask=inside)


@triton.jit
def backward_kernel(
    upstream,
    down,
    up,
    narrow,
    active,
    narrow_slope,
    hidden_slope,
    rows,
    width,
    size,
    ACTIVATION: tl.constexpr,
    COMPUTE: tl.constexpr,
    SIZE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Write the gradient of the bottleneck before its activation and of `hidden`, and the activated bottleneck again.

    narrow_slope[rows, size] = (upstream @ up) * activation'(narrow); hidden_slope = upstream + narrow_slope @ down.
    """
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    row_inside = row < rows
    at = row.to(tl.int64)[:, None]
    place = tl.arange(0, SIZE)
    place_inside = place < size
    total = tl.zeros([BLOCK_ROWS, SIZE], tl.float32)
    for start in range(0, width, BLOCK_WIDTH):
        column = start + tl.arange(0, BLOCK_WIDTH)
        column_inside = column < width
        left = tl.load(
            upstream + at * width + column[None, :], mask=row_inside[:, None] & column_inside[None, :], other=0.0
        )
        right = tl.load(
            up + column[:, None] * size + place[None, :],
            mask=place_inside[None, :] & column_inside[:, None],
            other=0.0,
        )
        total = tl.dot(left.to(COMPUTE), right.to(COMPUTE), total, input_precision=PRECISION)
    inside = row_inside[:, None] & place_inside[None, :]
    before = tl.load(narrow + at * size + place[None, :], mask=inside, other=0.0).to(tl.float32)
    tl.store(active + at * size + place[None, :], _activate(before, ACTIVATION).to(COMPUTE), mask=inside)
    slope = (total * _slope(before, ACTIVATION)).to(COMPUTE)
    tl.store(narrow_slope + at * size + place[None, :], slope, mask=inside)
    for start in range(0, width, BLOCK_WIDTH):
        column = start + tl.arange(0, BLOCK_WIDTH)
        column_inside = column < width
        right = tl.load(
            down + place[:, None] * width + column[None, :],
            mask=place_inside[:, None] & column_inside[None, :],
            other=0.0,
        )
        change = tl.dot(slope, right.to(COMPUTE), input_precision=PRECISION)
        both = row_inside[:, None] & column_inside[None, :]
        value = tl.load(upstream + at * width + column[None, :], mask=both, other=0.0).to(tl.float32)
        tl.store(
            hidden_slope + at * width + column[None, :],
            (value + change).to(hidden_slope.dtype.element_ty),
            mask=both,
        )
