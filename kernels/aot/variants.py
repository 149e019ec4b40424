"""What is compiled: each kernel as its launcher starts it, with the dtypes and sizes that matter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from hone_kernels.bottleneck import launch as bottleneck
from hone_kernels.bottleneck.kernel import backward_kernel, forward_kernel
from hone_kernels.clipping import launch as clipping
from hone_kernels.clipping.kernel import measure_kernel, multiply_kernel
from hone_kernels.distillation import launch as distillation
from hone_kernels.distillation.kernel import distillation_kernel, rescale_kernel
from hone_kernels.epilogue import launch as epilogue
from hone_kernels.epilogue.kernel import scale_shift_relu_kernel
from hone_kernels.fourbit import launch as fourbit
from hone_kernels.fourbit.kernel import four_bit_kernel

# Compute capability times ten: A100, RTX 30, L4 and RTX 40, H100, B200, RTX 50.
MATRIX = (80, 86, 89, 90, 100, 120)
# T4 as well, for what needs no tensor cores.
ELEMENTWISE = (75, *MATRIX)


@dataclass(frozen=True)
class Variant:
    """One kernel with its types and constants."""

    kernel: Any
    name: str
    types: dict[str, str]
    constants: dict[str, Any]
    warps: int = 4
    stages: int = 3
    targets: tuple[int, ...] = ELEMENTWISE
    # Arguments that Triton may take for multiples of 16, as it would find at run time. Pointers are.
    multiples_of_16: tuple[str, ...] = field(default=())

    @property
    def title(self) -> str:
        """The kernel's function and the variant's own name."""
        return f"{self.kernel.__name__} {self.name}"

    def signature(self) -> dict[str, str]:
        """Return the types of all arguments, in the kernel's order.

        Raises KeyError if an argument has neither a type nor a constant.
        """
        return {name: "constexpr" if name in self.constants else self.types[name] for name in self.kernel.arg_names}

    def attributes(self) -> dict[tuple[int], list[list[Any]]]:
        """Return what Triton is told about the alignment of each argument."""
        names = self.kernel.arg_names
        aligned = [
            i
            for i, name in enumerate(names)
            if self.types.get(name, "").startswith("*") or name in self.multiples_of_16
        ]
        return {(i,): [["tt.divisibility", 16]] for i in aligned}


def _distillation() -> list[Variant]:
    variants = []
    for dtype, width in (("fp32", 1000), ("bf16", distillation.ONE_BLOCK_UP_TO), ("bf16", 32000), ("fp16", 32000)):
        shape = distillation.shape_of(width)
        warps = int(shape.pop("num_warps"))
        types = dict.fromkeys(("student", "teacher", "gradient"), f"*{dtype}")
        types |= {"labels": "*i64", "losses": "*fp32", "scale": "*fp32"}
        types |= dict.fromkeys(("student_stride", "teacher_stride", "width", "ignore_index"), "i32")
        types |= dict.fromkeys(("temperature", "hard", "soft"), "fp32")
        constants = {"HAS_LABELS": True, "WITH_GRADIENT": True, **shape}
        variants.append(Variant(distillation_kernel, f"{dtype} {width}", types, constants, warps))
    types = {"values": "*bf16", "factor": "*fp32", "count": "i32"}
    return [*variants, Variant(rescale_kernel, "bf16", types, {"BLOCK": distillation.RESCALE_BLOCK})]


def _clipping() -> list[Variant]:
    tables = {"addresses": "*i64", "sizes": "*i64", "chunk_tensors": "*i32", "chunk_starts": "*i64"}
    scalars = {"inverse_scale": "*fp32", "found_inf": "*fp32"}
    variants = []
    for name, dtype in (("fp32", torch.float32), ("fp16", torch.float16)):
        constants = {"DTYPE": clipping.DTYPES[dtype], "CHUNK": clipping.CHUNK, "BLOCK": clipping.BLOCK}
        measured = tables | scalars | {"squares": "*fp32"}
        multiplied = tables | scalars | {"norm": "*fp32", "max_norm": "fp32"}
        variants.append(Variant(measure_kernel, name, measured, constants, clipping.WARPS))
        variants.append(Variant(multiply_kernel, name, multiplied, constants, clipping.WARPS))
    return variants


def _epilogue() -> list[Variant]:
    variants = []
    for dtype, residual in (("fp32", False), ("fp16", True), ("bf16", True)):
        types = dict.fromkeys(("values", "residual", "result"), f"*{dtype}")
        types |= {"scale": "*fp32", "shift": "*fp32"} | dict.fromkeys(("count", "channels", "inner"), "i32")
        constants = {"HAS_RESIDUAL": residual, "RELU": True, "WIDE": False, "BLOCK": epilogue.BLOCK}
        name = f"{dtype} add" if residual else dtype
        variants.append(Variant(scale_shift_relu_kernel, name, types, constants))
    return variants


def _fourbit() -> list[Variant]:
    """Weights of 4096 by 4096 in groups of 64 with LoRA: a decoder's step, and training steps."""
    variants = []
    cases = (
        ("fp16", False, 1, 16, False),
        ("bf16", False, 1024, 16, False),
        ("bf16", True, 1024, 64, False),
        ("bf16", True, 1024, 64, True),
    )
    for dtype, nf4, rows, rank, transposed in cases:
        shape = fourbit.shape_of(rows, 64, rank, transposed)
        warps, stages = shape.pop("num_warps"), shape.pop("num_stages")
        types = dict.fromkeys(("values", "result", "bias"), f"*{dtype}") | {"packed": "*u8"}
        types |= dict.fromkeys(("scales", "zeros", "code", "first", "second"), "*fp32")
        sizes = ("depth", "width", "rank", "values_stride", "packed_stride", "groups")
        # Which strides of the factors are 1 depends on the direction; Triton makes constants of these.
        ones = ("first_rank", "second_width") if transposed else ("first_depth", "second_rank")
        strides = ("first_rank", "second_width", "first_depth", "second_rank")
        types |= dict.fromkeys(("rows", *sizes, *strides), "i32") | {"scaling": "fp32"}
        constants: dict[str, Any] = {
            **shape,
            **dict.fromkeys(ones, 1),
            "TRANSPOSED": transposed,
            "HAS_ZEROS": False,
            "HAS_CODE": nf4,
        }
        constants |= {"HAS_BIAS": not transposed, "HAS_LORA": True, "GROUP": 64, "PRECISION": "tf32"}
        name = f"{dtype} {'NF4' if nf4 else 'INT4'} {rows} rank {rank}{' gradient' if transposed else ''}"
        aligned = (*sizes, *(stride for stride in strides if stride not in ones))
        variants.append(Variant(four_bit_kernel, name, types, constants, warps, stages, MATRIX, aligned))
    return variants


def _bottleneck() -> list[Variant]:
    """Adapters of BERT base and of a decoder, with FP32 masters and without."""
    variants = []
    cases = (
        ("fp32", torch.float32, "fp32", 48, "GELU"),
        ("bf16", torch.bfloat16, "fp32", 48, "ReLU"),
        ("fp16", torch.float16, "fp16", 64, "SiLU"),
        ("bf16", torch.bfloat16, "fp32", 128, "Tanh"),
    )
    for dtype, compute, weights, size, activation in cases:
        shape = bottleneck.shape_of(size, compute)
        warps, stages = shape.pop("num_warps"), shape.pop("num_stages")
        types = dict.fromkeys(("hidden", "narrow", "result", "upstream", "active"), f"*{dtype}")
        types |= dict.fromkeys(("narrow_slope", "hidden_slope"), f"*{dtype}")
        types |= dict.fromkeys(("down", "down_bias", "up", "up_bias"), f"*{weights}")
        types |= dict.fromkeys(("rows", "width", "size"), "i32")
        constants: dict[str, Any] = {**bottleneck.constants(activation, compute), **shape}
        for kernel in (forward_kernel, backward_kernel):
            name = f"{dtype} bottleneck {size} {activation}"
            variants.append(Variant(kernel, name, types, constants, warps, stages, MATRIX, ("width", "size")))
    return variants


_FAMILIES: tuple[Callable[[], list[Variant]], ...] = (_distillation, _clipping, _epilogue, _fourbit, _bottleneck)


def variants() -> list[Variant]:
    """Return everything that is compiled, in the table's order."""
    return [variant for family in _FAMILIES for variant in family()]
