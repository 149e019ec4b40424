"""Two looks at all gradients of one dtype: one measures, one multiplies. A program takes one chunk of one tensor."""

import triton
import triton.language as tl


@triton.jit
def measure_kernel(
    addresses,
    sizes,
    chunk_tensors,
    chunk_starts,
    inverse_scale,
    squares,
    found_inf,
    DTYPE: tl.constexpr,
    CHUNK: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write squares[chunk] = the sum of (gradient * inverse_scale)², and found_inf = 1 if one is not finite."""
    chunk = tl.program_id(0)
    tensor = tl.load(chunk_tensors + chunk)
    start = tl.load(chunk_starts + chunk)
    size = tl.load(sizes + tensor)
    values = tl.load(addresses + tensor).to(tl.pointer_type(DTYPE))
    inverse = tl.load(inverse_scale)
    total = tl.zeros([BLOCK], tl.float32)
    bad = tl.zeros([BLOCK], tl.int32)
    for at in range(0, CHUNK, BLOCK):
        offsets = start + at + tl.arange(0, BLOCK)
        value = tl.load(values + offsets, mask=offsets < size, other=0.0).to(tl.float32)
        # NaN compares as false with everything.
        bad |= tl.where(tl.abs(value) < float("inf"), 0, 1)
        value *= inverse
        total += value * value
    tl.store(squares + chunk, tl.sum(total, 0))
    # Whoever writes writes the same.
    tl.store(found_inf, 1.0, mask=tl.max(bad, 0) != 0)


@triton.jit
def multiply_kernel(
    addresses,
    sizes,
    chunk_tensors,
    chunk_starts,
    inverse_scale,
    norm,
    found_inf,
    max_norm,
    DTYPE: tl.constexpr,
    CHUNK: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Multiply by inverse_scale * min(1, max_norm / norm), unless something is not finite or the factor is 1."""
    factor = tl.load(inverse_scale) * tl.minimum(max_norm / (tl.load(norm) + 1e-6), 1.0)
    if (tl.load(found_inf) == 0.0) & (factor != 1.0):
        chunk = tl.program_id(0)
        tensor = tl.load(chunk_tensors + chunk)
        start = tl.load(chunk_starts + chunk)
        size = tl.load(sizes + tensor)
        values = tl.load(addresses + tensor).to(tl.pointer_type(DTYPE))
        for at in range(0, CHUNK, BLOCK):
            offsets = start + at + tl.arange(0, BLOCK)
            inside = offsets < size
            value = tl.load(values + offsets, mask=inside, other=0.0).to(tl.float32)
            tl.store(values + offsets, (value * factor).to(DTYPE), mask=inside)
