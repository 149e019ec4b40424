"""What is measured: the same work by every implementation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch

import hone_kernels
from hone_kernels.bottleneck import reference as adapter
from hone_kernels.epilogue import reference

Work = Callable[[], Any]


@dataclass(frozen=True)
class Case:
    """One operation at one size; `rivals` do what `kernel` does, `traffic` is the least to be moved, in bytes."""

    operation: str
    size: str
    kernel: Work
    rivals: dict[str, Work]
    traffic: int


def distillation(device: torch.device) -> Iterator[Case]:
    """Return the loss with its gradient: rows of a classifier's, a small and a large language model's logits."""
    for count, width in ((4096, 1000), (4096, 32000), (2048, 128256)):
        student = torch.randn(count, width, device=device, dtype=torch.bfloat16).requires_grad_(True)
        teacher = torch.randn(count, width, device=device, dtype=torch.bfloat16)
        labels = torch.randint(0, width, (count,), device=device)
        # Both logits are read and the gradient is written, two bytes each.
        yield Case("distillation_loss", f"{count}x{width} bf16", *_losses(student, teacher, labels), 6 * count * width)


def _losses(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor) -> tuple[Work, dict[str, Work]]:
    def train(loss: Callable[..., torch.Tensor], **settings: Any) -> Work:  # noqa: ANN401
        def run() -> None:
            student.grad = None
            loss(student, teacher, labels, temperature=2.0, **settings).backward()  # type: ignore[no-untyped-call]

        return run

    def eager(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
        return hone_kernels.distillation_loss(student, teacher, labels, temperature=temperature, use="Reference")

    def plain(student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor, temperature: float) -> torch.Tensor:
        # As the reference, without what torch.compile can't trace: rows that don't count.
        hard = torch.nn.functional.cross_entropy(student.float(), labels)
        actual = torch.log_softmax(student.float() / temperature, -1)
        expected = torch.log_softmax(teacher.float() / temperature, -1)
        soft = torch.nn.functional.kl_div(actual, expected, reduction="batchmean", log_target=True)
        return 0.5 * hard + 0.5 * temperature**2 * soft

    rivals = {"eager": train(eager), "torch.compile": train(torch.compile(plain))}
    if find_spec("liger_kernel"):
        rivals["Liger-Kernel (KL alone)"] = _liger(student, teacher)
    return train(hone_kernels.distillation_loss, use="Triton"), rivals


def _liger(student: torch.Tensor, teacher: torch.Tensor) -> Work:
    """Return Liger-Kernel's divergence; it takes logarithms of probabilities, so making these is part of the work."""
    from liger_kernel.transformers import LigerKLDIVLoss

    loss = LigerKLDIVLoss(reduction="batchmean", log_target=True)

    def run() -> None:
        student.grad = None
        actual = torch.log_softmax(student / 2.0, -1)
        (4.0 * loss(actual, torch.log_softmax(teacher / 2.0, -1))).backward()

    return run


def clipping(device: torch.device) -> Iterator[Case]:
    """Return unscaling and clipping the gradients of BERT base's layers, FP32 as those of masters are."""
    shapes = [(768, 768), (768, 768), (768, 768), (768, 768), (3072, 768), (768, 3072), (768,), (768,), (3072,)] * 12
    gradients = [torch.randn(shape, device=device) for shape in shapes]
    parameters = [torch.nn.Parameter(torch.empty_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    inverse = torch.ones((), device=device)
    found = torch.zeros((), device=device)

    def ours() -> None:
        hone_kernels.unscale_and_clip(gradients, 1.0, 1.0, use="Triton")

    def eager() -> None:
        # What GradScaler.unscale_ calls, and then the clipping.
        torch._amp_foreach_non_finite_check_and_unscale_(gradients, found, inverse)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)

    count = sum(gradient.numel() for gradient in gradients)
    yield Case("unscale_and_clip", f"{count} fp32", ours, {"eager": eager}, 12 * count)


def epilogue(device: torch.device) -> Iterator[Case]:
    """Return what follows two convolutions of ResNet-50, at the first and the last stage."""
    for shape in ((32, 256, 56, 56), (32, 2048, 7, 7)):
        values, residual = (torch.randn(shape, device=device, dtype=torch.float16) for _ in range(2))
        scale, shift = (torch.randn(shape[1], device=device) for _ in range(2))
        run = partial(hone_kernels.scale_shift_relu, values, scale, shift, residual)
        compiled = torch.compile(partial(reference.scale_shift_relu, values, scale, shift, residual, True))
        rivals: dict[str, Work] = {"eager": partial(run, use="Reference"), "torch.compile": compiled}
        size = "x".join(str(side) for side in shape)
        yield Case("scale_shift_relu", f"{size} fp16", partial(run, use="Triton"), rivals, 6 * values.numel())


def fourbit(device: torch.device) -> Iterator[Case]:
    """Return a layer of 4096 by 4096 in NF4 with LoRA of rank 16: one token, and a batch."""
    weight = hone_kernels.FourBitWeight.nf4(torch.randn(4096, 4096, device=device))
    lora = (torch.randn(16, 4096, device=device), torch.randn(4096, 16, device=device))
    for rows in (1, 1024):
        values = torch.randn(rows, 4096, device=device, dtype=torch.bfloat16)
        run = partial(hone_kernels.four_bit_linear, values, weight, None, lora)
        rivals: dict[str, Work] = {"eager": partial(run, use="Reference")}
        traffic = 4096 * 4096 // 2 + weight.scales.numel() * 4 + 4 * values.numel()
        yield Case("four_bit_linear", f"{rows}x4096x4096 bf16 NF4", partial(run, use="Triton"), rivals, traffic)


def bottleneck(device: torch.device) -> Iterator[Case]:
    """Return an adapter of BERT base with its gradients: FP32 masters, BF16 products, a batch of 16 by 512 tokens."""
    rows, width, size = 8192, 768, 96
    shapes = ((size, width), (size,), (width, size), (width,))
    weights = [torch.randn(shape, device=device).mul_(0.02).requires_grad_(True) for shape in shapes]
    hidden = torch.randn(rows, width, device=device, dtype=torch.bfloat16).requires_grad_(True)
    upstream = torch.randn_like(hidden)

    def train(layer: Callable[..., torch.Tensor]) -> Work:
        def run() -> None:
            for leaf in (hidden, *weights):
                leaf.grad = None
            with torch.autocast(device.type, torch.bfloat16):
                result = layer(hidden, *weights, activation="GELU")
            result.backward(upstream)  # type: ignore[no-untyped-call]

        return run

    rivals: dict[str, Work] = {
        "eager": train(partial(hone_kernels.bottleneck_adapter, use="Reference")),
        "torch.compile": train(torch.compile(adapter.bottleneck_adapter)),
    }
    # Hidden and upstream are read, the result and hidden's gradient are written, two bytes each.
    ours = train(partial(hone_kernels.bottleneck_adapter, use="Triton"))
    yield Case("bottleneck_adapter", f"{rows}x{width} to {size} bf16", ours, rivals, 8 * rows * width)


CASES: tuple[Callable[[torch.device], Iterator[Case]], ...] = (distillation, clipping, epilogue, fourbit, bottleneck)
