"""What is said of a training that left the numbers."""

from torch import nn
from torch.distributed.tensor import DTensor

from hone.errors import RunError


def diverged() -> RunError:
    """Return the error that ends a training whose loss or weights are no numbers any more."""
    return RunError(
        "ConfigInvalid",
        "The training diverged: the loss is no number any more; lower spec.training.learningRate, or write FP32 or "
        "BF16 in spec.precision.mode.",
    )


def is_finite(model: nn.Module) -> bool:
    """Tell whether all weights are numbers; of a sharded model, those in this process."""
    parts = (weight.to_local() if isinstance(weight, DTensor) else weight for weight in model.parameters())
    return all(bool(part.isfinite().all()) for part in parts)
