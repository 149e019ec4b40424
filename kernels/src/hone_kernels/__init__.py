"""GPU kernels in the Triton language, each with a plain PyTorch reference; every function takes what the device has.

Nothing here knows the trainer. Importing it needs PyTorch alone; Triton is imported when a kernel runs.
"""

from hone_kernels.bottleneck import bottleneck_adapter
from hone_kernels.clipping import Clipped, unscale_and_clip
from hone_kernels.dispatch import Choice, Use, forget, used
from hone_kernels.distillation import distillation_loss
from hone_kernels.epilogue import scale_shift_relu
from hone_kernels.fourbit import FourBitWeight, four_bit_kernel_runs, four_bit_linear

__all__ = [
    "Choice",
    "Clipped",
    "FourBitWeight",
    "Use",
    "bottleneck_adapter",
    "distillation_loss",
    "forget",
    "four_bit_kernel_runs",
    "four_bit_linear",
    "scale_shift_relu",
    "unscale_and_clip",
    "used",
]
