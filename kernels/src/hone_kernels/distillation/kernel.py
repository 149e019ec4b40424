"""The distillation loss and its gradient, one program per row of logits."""

import triton
import triton.language as tl


@triton.jit
def _gradient(
    s, t, columns, label, max_s, max_t, z_hard, z_soft, z_teacher, hard, soft, inverse_t, HAS_LABELS: tl.constexpr
):
    """Return d loss / d logit: (1 - a)(p - y) + a T (p_T - q)."""
    above = s - max_s
    result = soft * inverse_t * (tl.exp(above * inverse_t) / z_soft - tl.exp((t - max_t) * inverse_t) / z_teacher)
    if HAS_LABELS:
        result += hard * (tl.exp(above) / z_hard - tl.where(columns == label, 1.0, 0.0))
    return result


@triton.jit
def distillation_kernel(
    student,
    teacher,
    labels,
    losses,
    gradient,
    scale,
    student_stride,
    teacher_stride,
    width,
    ignore_index,
    temperature,
    hard,
    soft,
    HAS_LABELS: tl.constexpr,
    WITH_GRADIENT: tl.constexpr,
    ONE_BLOCK: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write losses[row] = hard * CE + soft * KL, and gradient[row] = scale * its derivative.

    The maxima and sums of the three softmaxes are kept running, so that one read of the row gives the loss. The
    gradient needs them complete: where the row fits into one block it is made of the logits that are still in
    registers, and elsewhere of a second look at the row, which is in the cache by then.
    """
    row = tl.program_id(0).to(tl.int64)
    student += row * student_stride
    teacher += row * teacher_stride
    gradient += row * width
    offsets = tl.arange(0, BLOCK)
    inverse_t = 1.0 / temperature
    label = 0
    if HAS_LABELS:
        label = tl.load(labels + row)
        if label == ignore_index:
            tl.store(losses + row, 0.0)
            if WITH_GRADIENT:
                for start in range(0, width, BLOCK):
                    columns = start + offsets
                    tl.store(gradient + columns, tl.zeros([BLOCK], gradient.dtype.element_ty), mask=columns < width)
            return

    max_s = float("-inf")
    max_t = float("-inf")
    z_hard = 0.0
    z_soft = 0.0
    z_teacher = 0.0
    # Sum of exp((t - max_t) / T) * ((t - max_t) - (s - max_s)): both logits stand relative to their maxima, so that a
    # common offset costs no digits.
    cross = 0.0
    # NaN until the label's logit was met: a label out of range must not look like a loss.
    at_label = float("nan")
    if ONE_BLOCK:
        inside = offsets < width
        s = tl.load(student + offsets, mask=inside, other=float("-inf")).to(tl.float32)
        t = tl.load(teacher + offsets, mask=inside, other=float("-inf")).to(tl.float32)
        max_s = tl.max(s, 0)
        max_t = tl.max(t, 0)
        z_hard = tl.sum(tl.exp(s - max_s), 0)
        z_soft = tl.sum(tl.exp((s - max_s) * inverse_t), 0)
        weight = tl.exp((t - max_t) * inverse_t)
        z_teacher = tl.sum(weight, 0)
        cross = tl.sum(tl.where(weight > 0, weight * ((t - max_t) - (s - max_s)), 0.0), 0)
        if HAS_LABELS:
            if (label >= 0) & (label < width):
                at_label = tl.sum(tl.where(offsets == label, s, 0.0), 0)
        if WITH_GRADIENT:
            slope = _gradient(
                s, t, offsets, label, max_s, max_t, z_hard, z_soft, z_teacher, hard, soft, inverse_t, HAS_LABELS
            )
            tl.store(gradient + offsets, (slope * tl.load(scale)).to(gradient.dtype.element_ty), mask=inside)
    else:
        for start in range(0, width, BLOCK):
            columns = start + offsets
            inside = columns < width
            s = tl.load(student + columns, mask=inside, other=float("-inf")).to(tl.float32)
            t = tl.load(teacher + columns, mask=inside, other=float("-inf")).to(tl.float32)
            new_s = tl.maximum(max_s, tl.max(s, 0))
            new_t = tl.maximum(max_t, tl.max(t, 0))
            # A block of a vocabulary may be -inf altogether; a maximum of -inf would make NaN of -inf - -inf.
            base_s = tl.where(new_s == float("-inf"), 0.0, new_s)
            base_t = tl.where(new_t == float("-inf"), 0.0, new_t)
            down_s = tl.where(max_s == float("-inf"), 0.0, max_s - base_s)
            down_t = tl.where(max_t == float("-inf"), 0.0, max_t - base_t)
            z_hard = z_hard * tl.exp(down_s) + tl.sum(tl.exp(s - base_s), 0)
            z_soft = z_soft * tl.exp(down_s * inverse_t) + tl.sum(tl.exp((s - base_s) * inverse_t), 0)
            weight = tl.exp((t - base_t) * inverse_t)
            term = tl.sum(tl.where(weight > 0, weight * ((t - base_t) - (s - base_s)), 0.0), 0)
            cross = (cross + z_teacher * (down_t - down_s)) * tl.exp(down_t * inverse_t) + term
            z_teacher = z_teacher * tl.exp(down_t * inverse_t) + tl.sum(weight, 0)
            max_s = new_s
            max_t = new_t
            if HAS_LABELS:
                if (label >= start) & (label < start + BLOCK) & (label < width):
                    at_label = tl.sum(tl.where(columns == label, s, 0.0), 0)
        if WITH_GRADIENT:
            factor = tl.load(scale)
            for start in range(0, width, BLOCK):
                columns = start + offsets
                inside = columns < width
                s = tl.load(student + columns, mask=inside, other=float("-inf")).to(tl.float32)
                t = tl.load(teacher + columns, mask=inside, other=float("-inf")).to(tl.float32)
                slope = _gradient(
                    s, t, columns, label, max_s, max_t, z_hard, z_soft, z_teacher, hard, soft, inverse_t, HAS_LABELS
                )
                tl.store(gradient + columns, (slope * factor).to(gradient.dtype.element_ty), mask=inside)

    loss = soft * (cross * inverse_t / z_teacher - tl.log(z_teacher) + tl.log(z_soft))
    if HAS_LABELS:
        loss += hard * (tl.log(z_hard) - (at_label - max_s))
    tl.store(losses + row, loss)


@triton.jit
def rescale_kernel(values, factor, count, BLOCK: tl.constexpr):
    """Multiply in place by a scalar that is on the device; a factor of 1 costs one load and no look at the values."""
    by = tl.load(factor)
    if by != 1.0:
        offsets = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
        inside = offsets < count
        value = tl.load(values + offsets, mask=inside).to(tl.float32)
        tl.store(values + offsets, (value * by).to(values.dtype.element_ty), mask=inside)
