"""What is said of a training that left the numbers."""

from hone.errors import RunError


def diverged() -> RunError:
    """Return the error that ends a training whose loss or weights are no numbers any more."""
    return RunError(
        "ConfigInvalid",
        "The training diverged: the loss is no number any more; lower spec.training.learningRate, or write FP32 or "
        "BF16 in spec.precision.mode.",
    )
