"""A product with a matrix of four bits that is dequantized in registers, tile by tile, and a low-rank update of it."""

import triton
import triton.language as tl


@triton.jit
def four_bit_kernel(
    values,
    packed,
    scales,
    zeros,
    code,
    bias,
    first,
    second,
    result,
    rows,
    depth,
    width,
    rank,
    values_stride,
    packed_stride,
    groups,
    first_depth,
    first_rank,
    second_rank,
    second_width,
    scaling,
    TRANSPOSED: tl.constexpr,
    HAS_ZEROS: tl.constexpr,
    HAS_CODE: tl.constexpr,
    HAS_BIAS: tl.constexpr,
    HAS_LORA: tl.constexpr,
    GROUP: tl.constexpr,
    RANK: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_WIDTH: tl.constexpr,
    BLOCK_DEPTH: tl.constexpr,
    PRECISION: tl.constexpr,
):
    """Write result[rows, width] = values @ D + bias + (values @ first * scaling) @ second, with D [depth, width].

    D is the weight's transpose for the forward, and the weight (TRANSPOSED) for the gradient of the values. The block
    along the weight's inputs lies within one group, so a tile has one scale for each of the weight's rows.
    """
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    column = tl.program_id(1) * BLOCK_WIDTH + tl.arange(0, BLOCK_WIDTH)
    row_inside = row < rows
    column_inside = column < width
    total = tl.zeros([BLOCK_ROWS, BLOCK_WIDTH], tl.float32)
    low = tl.zeros([BLOCK_ROWS, RANK], tl.float32)
    ranks = tl.arange(0, RANK)
    rank_inside = ranks < rank
    row_start = row.to(tl.int64) * values_stride
    for start in range(0, depth, BLOCK_DEPTH):
        step = start + tl.arange(0, BLOCK_DEPTH)
        step_inside = step < depth
        left = tl.load(
            values + row_start[:, None] + step[None, :], mask=row_inside[:, None] & step_inside[None, :], other=0.0
        )
        both_inside = step_inside[:, None] & column_inside[None, :]
        if TRANSPOSED:
            at = step.to(tl.int64)[:, None] * packed_stride + column[None, :] // 2
            high = (column % 2 == 0)[None, :]
            group = step * groups + (tl.program_id(1) * BLOCK_WIDTH) // GROUP
            scale = tl.load(scales + group, mask=step_inside, other=0.0)[:, None]
            if HAS_ZEROS:
                zero = tl.load(zeros + group, mask=step_inside, other=0.0)[:, None]
        else:
            at = column.to(tl.int64)[None, :] * packed_stride + step[:, None] // 2
            high = (step % 2 == 0)[:, None]
            group = column * groups + start // GROUP
            scale = tl.load(scales + group, mask=column_inside, other=0.0)[None, :]
            if HAS_ZEROS:
                zero = tl.load(zeros + group, mask=column_inside, other=0.0)[None, :]
        pair = tl.load(packed + at, mask=both_inside, other=0).to(tl.int32)
        entry = tl.where(high, pair >> 4, pair & 15)
        if HAS_CODE:
            right = tl.load(code + entry) * scale
        elif HAS_ZEROS:
            right = (entry.to(tl.float32) - zero) * scale
        else:
            right = (entry.to(tl.float32) - 8.0) * scale
        total = tl.dot(left, right.to(left.dtype), total, input_precision=PRECISION)
        if HAS_LORA:
            tile = tl.load(
                first + step[:, None] * first_depth + ranks[None, :] * first_rank,
                mask=step_inside[:, None] & rank_inside[None, :],
                other=0.0,
            )
            low = tl.dot(left, tile.to(left.dtype), low, input_precision=PRECISION)
    if HAS_LORA:
        tile = tl.load(
            second + ranks[:, None] * second_rank + column[None, :] * second_width,
            mask=rank_inside[:, None] & column_inside[None, :],
            other=0.0,
        )
        dtype = values.dtype.element_ty
        total = tl.dot((low * scaling).to(dtype), tile.to(dtype), total, input_precision=PRECISION)
    if HAS_BIAS:
        total += tl.load(bias + column, mask=column_inside, other=0.0).to(tl.float32)[None, :]
    place = result + row.to(tl.int64)[:, None] * width + column[None, :]
    tl.store(place, total.to(result.dtype.element_ty), mask=row_inside[:, None] & column_inside[None, :])
